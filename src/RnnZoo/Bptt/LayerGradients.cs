using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>What a backward pass over one direction of one layer makes; null where a gradient was not wanted.</summary>
/// <param name="Input">∂L/∂x [T, B, I].</param>
/// <param name="InputWeight">∂L/∂W_ih [G·H, I].</param>
/// <param name="HiddenWeight">∂L/∂W_hh [G·H, H].</param>
/// <param name="InputBias">∂L/∂b_ih [G·H].</param>
/// <param name="HiddenBias">∂L/∂b_hh [G·H].</param>
/// <param name="InitialHidden">∂L/∂h_0 [B, H].</param>
/// <param name="InitialCell">∂L/∂c_0 [B, H].</param>
/// <param name="Steps">∂L/∂h_t and ∂L/∂c_t at every step.</param>
/// <param name="Further">The gradients of <see cref="LayerWeights.Further"/>, in its order.</param>
internal sealed record LayerGradients(
    Tensor? Input = null,
    Tensor? InputWeight = null,
    Tensor? HiddenWeight = null,
    Tensor? InputBias = null,
    Tensor? HiddenBias = null,
    Tensor? InitialHidden = null,
    Tensor? InitialCell = null,
    StepGradients? Steps = null,
    IReadOnlyList<Tensor>? Further = null)
{
    internal LayerGradients MoveToOuterDisposeScope()
    {
        Tensor?[] all = [Input, InputWeight, HiddenWeight, InputBias, HiddenBias, InitialHidden, InitialCell, .. Steps?.Tensors() ?? [], .. Further ?? []];
        foreach (var tensor in all)
        {
            tensor?.MoveToOuterDisposeScope();
        }

        return this;
    }
}

/// <summary>The gradients that enter a backward pass from outside; null stands for zero.</summary>
/// <param name="Output">∂L/∂output [T, B, H], the direct part alone: what the loss or the layer above sends to each h_t.</param>
/// <param name="FinalHidden">∂L/∂h_n [B, H], on top of what comes through the output.</param>
/// <param name="FinalCell">∂L/∂c_n [B, H] of an LSTM.</param>
internal sealed record LayerCotangents(Tensor? Output = null, Tensor? FinalHidden = null, Tensor? FinalCell = null);

/// <summary>Which gradients a backward pass computes; what is not wanted costs nothing.</summary>
[Flags]
internal enum WantedGradients
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>∂L/∂x_t of every step.</summary>
    Input = 1,

    /// <summary>∂L/∂W_ih.</summary>
    InputWeight = 2,

    /// <summary>∂L/∂W_hh.</summary>
    HiddenWeight = 4,

    /// <summary>∂L/∂b_ih.</summary>
    InputBias = 8,

    /// <summary>∂L/∂b_hh.</summary>
    HiddenBias = 16,

    /// <summary>∂L/∂h_0, and ∂L/∂c_0 of an LSTM.</summary>
    InitialState = 32,

    /// <summary>∂L/∂h_t, and ∂L/∂c_t of an LSTM, of every step, each in its two parts.</summary>
    Steps = 64,

    /// <summary>The gradients of what else a cell has besides W_ih, W_hh and their biases.</summary>
    Further = 128,

    /// <summary>All weights and biases.</summary>
    Parameters = InputWeight | HiddenWeight | InputBias | HiddenBias | Further,

    /// <summary>Everything.</summary>
    All = Input | Parameters | InitialState | Steps,
}

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
    /// <summary>0 is the layer that reads the input.</summary>
    public int Layer { get; init; }

    /// <summary>0 reads the sequence forwards, 1 backwards.</summary>
    public int Direction { get; init; }

    /// <summary>∂L/∂h_t in full.</summary>
    /// <returns>A new tensor [T, B, H].</returns>
    public Tensor H() => HFromOutput.Plus(HFromFuture); // [T, B, H]

    /// <summary>∂L/∂c_t in full.</summary>
    /// <returns>A new tensor [T, B, H].</returns>
    /// <exception cref="InvalidOperationException">The cell has no c.</exception>
    public Tensor C() => CFromHidden is { } hidden && CFromFuture is { } future
        ? hidden.Plus(future) // [T, B, H]
        : throw new InvalidOperationException("C: this layer has h alone; only an LSTM has a c.");

    internal IEnumerable<Tensor?> Tensors() => [HFromOutput, HFromFuture, CFromHidden, CFromFuture];

    internal StepGradients Map(Func<Tensor, Tensor> function) => this with
    {
        HFromOutput = function(HFromOutput),
        HFromFuture = function(HFromFuture),
        CFromHidden = CFromHidden is null ? null : function(CFromHidden),
        CFromFuture = CFromFuture is null ? null : function(CFromFuture),
    };
}

/// <summary>The gradient of one step's state on its way back through time: ∂L/∂h_t or, of an LSTM, ∂L/∂c_t, in full.</summary>
/// <param name="Layer">0 is the layer that reads the input.</param>
/// <param name="Direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="Step">t, the step of the input that the state belongs to.</param>
/// <param name="IsCell">Whether it is that of c_t, which comes after the one of h_t, and has in it what came through h_t.</param>
/// <param name="Gradient">[B, H]; of sequences of several lengths [n, H], those that have the step, the longest first. Not to be changed in place.</param>
public readonly record struct StepGradient(int Layer, int Direction, int Step, bool IsCell, Tensor Gradient)
{
    /// <summary>What a hook made of a gradient, checked: an error that the engine finds is not told apart from others.</summary>
    internal static Tensor Changed(Tensor? changed, Tensor gradient)
    {
        if (changed is not null && !ReferenceEquals(changed, gradient))
        {
            if (!Check.HasShape(changed, gradient.shape))
            {
                throw new ArgumentException($"gradient: expected shape {Check.Show(gradient.shape)} from the hook, as it was given, got {Check.Show(changed.shape)}.");
            }

            if (changed.dtype != gradient.dtype || !Check.SameDevice(changed, gradient))
            {
                throw new ArgumentException($"gradient: expected {gradient.dtype} on {Check.Device(gradient)} from the hook, as it was given, got {changed.dtype} on {Check.Device(changed)}.");
            }
        }

        return changed ?? gradient;
    }
}
