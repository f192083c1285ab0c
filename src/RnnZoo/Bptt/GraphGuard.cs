using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Makes a node of ours end as libtorch's own nodes do: where the graph is not retained, a second backward pass through it is
/// refused by the engine before it comes to the node.
/// </summary>
/// <remarks>
/// TorchSharp's custom functions let any number of passes through, and cannot see whether a pass retains the graph. libtorch's
/// own nodes release the tensors that they saved once they have run, and throw when they are to run again without them. So the
/// outputs of our nodes, but of taps, go through an operation that changes nothing and saves a tensor.
/// </remarks>
internal static class GraphGuard
{
    /// <summary>Guards a small output; it is copied.</summary>
    public static Tensor Of(Tensor output) => output.mul(ones([], dtype: output.dtype, device: output.device));

    /// <summary>Guards a large output in place: nothing is added to it, at no place.</summary>
    /// <param name="output">[T, B, H] or [N, H].</param>
    /// <param name="guarded">[n, …], another output of the same node, already guarded: what is added comes from it, so a pass that reaches either spends both. Or, of a node with one output, anything that asks for a gradient, without elements: what has some would get a gradient of zeros.</param>
    public static void In(Tensor output, Tensor guarded)
    {
        var nowhere = empty([0], dtype: ScalarType.Int64, device: output.device);
        long[] shape = [0, .. Check.ShapeOf(output)[1..]];
        var nothing = guarded.index_select(0, nowhere); // [0, …]
        output.index_add_(0, nowhere, Check.HasShape(nothing, shape) ? nothing : nothing.reshape(shape), Scalars.One);
    }

    /// <summary>
    /// Takes over what a node that was just made keeps to make zeros like, of an output that the loss does not use: TorchSharp
    /// would count a gradient that is missing as a tensor that lives for ever. They belong to the node, which frees them; in
    /// a dispose scope they would end before it, and the process with them.
    /// </summary>
    /// <param name="scope">The scope that the node was made in, and nothing else.</param>
    /// <param name="others">What else is in it: what the function returned to TorchSharp, and what TorchSharp returned.</param>
    /// <returns>One for each output, in no scope, with no elements: the zeros say as much and take no memory.</returns>
    public static Tensor[] LikesOf(DisposeScope scope, params IEnumerable<Tensor> others)
    {
        Tensor[] likes = [.. scope.DisposablesView.Except(others, ReferenceEqualityComparer.Instance).Cast<Tensor>()];
        using var nothing = empty([0], dtype: likes[0].dtype, device: likes[0].device);
        foreach (var like in likes)
        {
            like.set_(nothing);
            like.DetachFromDisposeScope();
        }

        return likes;
    }
}
