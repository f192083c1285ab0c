using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// ∂L/∂h_t at every step of one direction of one layer, in the two parts whose sum it is; for an LSTM ∂L/∂c_t as well.
/// Row t belongs to input x_t, whichever way the sequence is walked.
/// </summary>
/// <param name="HFromOutput">[T, B, H] what reaches h_t through the layer's output: the readout, or the layer above.</param>
/// <param name="HFromFuture">[T, B, H] what reaches h_t through the later steps of the walk; at the last step, through the final state.</param>
/// <param name="CFromHidden">[T, B, H] what reaches c_t through h_t, or null where there is no c.</param>
/// <param name="CFromFuture">[T, B, H] what reaches c_t through c_{t+1}; at the last step, through the final state. Null where there is no c.</param>
public sealed record StepGradients(Tensor HFromOutput, Tensor HFromFuture, Tensor? CFromHidden = null, Tensor? CFromFuture = null)
{
    /// <summary>∂L/∂h_t in full.</summary>
    /// <returns>A new tensor [T, B, H].</returns>
    public Tensor H() => HFromOutput.add(HFromFuture); // [T, B, H]

    /// <summary>∂L/∂c_t in full.</summary>
    /// <returns>A new tensor [T, B, H].</returns>
    /// <exception cref="InvalidOperationException">The cell has no c.</exception>
    public Tensor C() => CFromHidden is { } hidden && CFromFuture is { } future
        ? hidden.add(future) // [T, B, H]
        : throw new InvalidOperationException("C: this layer has h alone; only an LSTM has a c.");

    internal IEnumerable<Tensor?> Tensors() => [HFromOutput, HFromFuture, CFromHidden, CFromFuture];
}
