using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Makes a node of ours end as libtorch's own nodes do: where the graph is not retained, a second backward pass through it is
/// refused by the engine before it comes to the node.
/// </summary>
/// <remarks>
/// TorchSharp's custom functions let any number of passes through, and cannot see whether a pass retains the graph. libtorch's
/// own nodes release the tensors that they saved once they have run, and throw when they are to run again without them. So the
/// outputs of our nodes go through an operation that changes nothing and saves a tensor.
/// </remarks>
internal static class GraphGuard
{
    /// <summary>Guards a small output; it is copied.</summary>
    public static Tensor Of(Tensor output) => output.mul(ones([], dtype: output.dtype, device: output.device));

    /// <summary>Guards a large output in place: nothing is added to it, at no place.</summary>
    /// <param name="output">[T, B, H].</param>
    /// <param name="guarded">[S, B, H], another output of the same node, already guarded. What is added comes from it, so a pass that reaches either spends both.</param>
    public static void In(Tensor output, Tensor guarded)
    {
        var nowhere = empty([0], dtype: ScalarType.Int64, device: output.device);
        output.index_add_(0, nowhere, guarded.narrow(0, 0, 0).clone(), 1);
    }
}
