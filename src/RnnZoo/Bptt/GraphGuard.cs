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

    /// <summary>
    /// Guards both outputs of a layer, the large one in place. To each, nothing is added at no place, in a way that ties it to
    /// the other: a pass that reaches one of them brings a gradient for both. (TorchSharp counts a gradient that is missing as
    /// a tensor that lives for ever.)
    /// </summary>
    /// <param name="output">[T, B, H].</param>
    /// <param name="final">[S, B, H].</param>
    /// <returns>[S, B, H]: the final state to go on with.</returns>
    public static Tensor Of(Tensor output, Tensor final)
    {
        var nowhere = empty([0], dtype: ScalarType.Int64, device: output.device);
        output.index_add_(0, nowhere, final.narrow(0, 0, 0), 1);
        return final.index_add(0, nowhere, output.narrow(0, 0, 0).clone(), 1);
    }
}
