using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>One use of a <see cref="TapFunction"/>: who is told of the gradient, and where a failure of theirs is kept.</summary>
/// <param name="OnGradient">Is given ∂L/∂x without a tape; the tensor is disposed when the call returns.</param>
/// <param name="Failures">Where what it throws goes.</param>
internal sealed record TapCall(Action<Tensor> OnGradient, BackwardFailures Failures)
{
    /// <summary>The managed id of the thread that ran the forward pass.</summary>
    public int ForwardThread { get; } = Environment.CurrentManagedThreadId;

    /// <summary>x on its way through, while the node is made.</summary>
    public Tensor? Passed { get; set; }

    /// <summary>How many elements x has.</summary>
    public long Elements { get; set; }
}
