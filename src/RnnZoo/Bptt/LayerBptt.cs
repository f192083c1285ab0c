using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Backpropagation through time over one direction of one layer, in tensor operations: the loops over time, and what is
/// done for all steps at once. The calculus of a single step is in <see cref="ElmanBptt"/>, <see cref="LstmBptt"/>,
/// <see cref="GruBptt"/> and the other classes that derive from this one.
/// <code>
/// forward, for all t at once
/// (1)  p_t = W_ih x_t + b                             b: what of the two biases needs no state
/// backward, at each step, from the last to the first
/// (2)  dh_t = dh_t(output) + dh_t(future)             dh_T(future) = ∂L/∂h_n, and dc_T(future) = ∂L/∂c_n
/// (3)  dh_{t-1}(future) = W_hh' dq_t + dh_t(direct)   dq_t = ∂L/∂(W_hh h_{t-1} + b_hh)
/// backward, for all t at once
/// (4)  dx_t  = W_ih' dp_t                             dp_t = ∂L/∂p_t
/// (5)  dW_ih = Σ_t dp_t x_t'
/// (6)  dW_hh = Σ_t dq_t h_{t-1}'
/// (7)  db_ih = Σ_t dp_t
/// (8)  db_hh = Σ_t dq_t                               dp_t, dq_t in (4) to (8) as the cell says, where it normalises them
/// (9)  dh_0  = dh_0(future),  dc_0 = dc_0(future)
/// </code>
/// Source: P. Werbos, "Backpropagation through time: what it does and how to do it", 1990. Each of (4) to (8) is taken
/// after the loop, over all T·B rows at once.
/// </summary>
/// <remarks>
/// Any device and floating type. Nothing is done in place, so with the tape enabled the backward pass can itself be
/// differentiated.
/// </remarks>
public abstract partial class LayerBptt
{
    /// <summary>The equations of a cell of this library.</summary>
    /// <param name="cell">A cell of this library.</param>
    /// <exception cref="NotSupportedException">The cell is another one.</exception>
    public static LayerBptt For(RecurrentCell cell) => For(cell, hook: null);

    /// <summary>The forward pass.</summary>
    /// <param name="input">x [T, B, I].</param>
    /// <param name="initial">h_0 [B, H], and c_0 for an LSTM.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="reversed">Whether the sequence is walked from T - 1 to 0.</param>
    /// <param name="keepTape">Whether a backward pass may follow.</param>
    /// <returns>The output, the final state and, if asked for, the tape; new tensors belong to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public LayerRun Forward(Tensor input, RecurrentState initial, LayerWeights weights, bool reversed = false, bool keepTape = true)
    {
        CheckForward(input, initial, weights);
        using var scope = NewDisposeScope();
        var projected = Project(input, weights).unbind(0); // T × [B, G·H] (1)
        var states = Columns(keepTape ? StateParts : 1, projected.Length); // parts × T × [B, H]
        var kept = Columns(keepTape ? KeptParts : 0, projected.Length); // kinds × T × [B, H]
        var state = initial;
        for (var step = 0; step < projected.Length; step++)
        {
            var t = reversed ? projected.Length - 1 - step : step;
            using var stepScope = NewDisposeScope();
            (state, var stepKept) = ForwardStep(projected[t], state, weights);
            Put(states, t, state.MoveToOuterDisposeScope());
            Put(kept, t, keepTape ? Array.ConvertAll(stepKept, tensor => tensor.MoveToOuterDisposeScope()) : []);
        }

        Tensor[] stacked = [.. states.Concat(kept).Select(column => stack(column, 0).MoveToOuterDisposeScope())]; // [T, B, H] each
        state.MoveToOuterDisposeScope();
        var tape = keepTape ? new LayerTape(input, initial, weights, stacked[..StateParts], stacked[StateParts..], reversed) : null;
        return new LayerRun(stacked[0], state, tape);
    }

    /// <summary>What <see cref="Forward"/> checks.</summary>
    internal void CheckForward(Tensor input, RecurrentState initial, LayerWeights weights) =>
        LayerCheck.Forward(input, initial, weights, Gates, StateParts, HasHiddenWeight, FurtherShapes(weights));

    /// <summary>The backward pass.</summary>
    /// <param name="tape">What <see cref="Forward"/> kept.</param>
    /// <param name="cotangents">The gradients that come from outside.</param>
    /// <param name="wanted">What to compute.</param>
    /// <returns>The gradients; new tensors that belong to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public LayerGradients Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted = WantedGradients.All) =>
        Backward(tape, cotangents, wanted, norms: null);

    internal LayerGradients Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms)
    {
        LayerCheck.Backward(tape, cotangents, StateParts, KeptParts);
        using var scope = NewDisposeScope();
        var keepSteps = wanted.HasFlag(WantedGradients.Steps);
        var walk = WalkBack(tape, cotangents, keepSteps || norms is not null);
        norms?.Take(walk.Steps!, walk.DRecurrent, HiddenBefore(tape));
        var (weights, initial) = (tape.Weights, wanted.HasFlag(WantedGradients.InitialState));
        var (dProduct, further) = AcrossSteps(tape, walk); // [T, B, G·H]
        return new LayerGradients(
            Input: Wanted(WantedGradients.Input, weights.InputWeight) is { } w
                ? Rows(Term("layer (4) dx", dProduct)).mm(w).view(tape.Input.shape) // [T, B, I] (4)
                : null,
            InputWeight: Wanted(WantedGradients.InputWeight, tape.Input) is { } x
                ? Rows(Term("layer (5) dW_ih", dProduct)).t().mm(Rows(x)) // [G·H, I] (5)
                : null,
            HiddenWeight: Wanted(WantedGradients.HiddenWeight, weights.HiddenWeight) is not null
                ? Rows(Term("layer (6) dW_hh", walk.DRecurrent)).t().mm(Rows(HiddenBefore(tape))) // [G·H, H] (6)
                : null,
            InputBias: Wanted(WantedGradients.InputBias, weights.InputBias) is null
                ? null
                : Rows(Term("layer (7) db_ih", walk.DProjected)).sum(dim: 0), // [G·H] (7)
            HiddenBias: Wanted(WantedGradients.HiddenBias, weights.HiddenBias) is null
                ? null
                : Rows(Term("layer (8) db_hh", DHiddenBias(walk))).sum(dim: 0), // [G·H] (8)
            InitialHidden: initial ? Term("layer (9) dh_0", walk.DHidden) : null, // [B, H] (9)
            InitialCell: initial && walk.DCell is { } dCell ? Term("layer (9) dc_0", dCell) : null, // [B, H] (9)
            Steps: keepSteps ? walk.Steps : null,
            Further: wanted.HasFlag(WantedGradients.Further) ? further : null).MoveToOuterDisposeScope();

        Tensor? Wanted(WantedGradients gradient, Tensor? operand) => wanted.HasFlag(gradient) ? operand : null;
    }

    /// <summary>The loop over time of the backward pass.</summary>
    private BackwardWalk WalkBack(LayerTape tape, LayerCotangents cotangents, bool keepSteps)
    {
        var frames = new TapeFrames(Prepared(tape));
        var zero = zeros_like(tape.Initial.Hidden); // [B, H]
        var dHFromOutput = cotangents.Output?.unbind(0); // T × [B, H]
        var dHFromFuture = cotangents.FinalHidden ?? zero; // [B, H]
        var dCFromFuture = StateParts == 2 ? cotangents.FinalCell ?? zero : null; // [B, H]
        var steps = (int)tape.Steps;
        var (dProjected, dRecurrent, dFurther) = (new Tensor[steps], new Tensor[steps], new Tensor?[steps]); // T × [B, G·H]
        var parts = Columns(keepSteps ? 1 + (2 * (StateParts - 1)) : 0, steps); // parts × T × [B, H]
        for (var step = steps - 1; step >= 0; step--)
        {
            var t = tape.TimeOf(step);
            using var stepScope = NewDisposeScope();
            var dH = Term("layer (2) from output", dHFromOutput?[t] ?? zero).add(Term("layer (2) from future", dHFromFuture)); // [B, H] (2)
            var flow = BackwardStep(frames.At(step), dH, dCFromFuture);
            var dHBefore = tape.Weights.HiddenWeight is { } weight ? Term("layer (3) recurrent", flow.DRecurrent).mm(weight) : null; // [B, H] (3)
            Put(parts, (int)t, [dHFromFuture, flow.DCFromHidden?.MoveToOuterDisposeScope(), dCFromFuture]);
            dProjected[t] = flow.DProjected.MoveToOuterDisposeScope();
            dRecurrent[t] = flow.IsShared ? dProjected[t] : flow.DRecurrent.MoveToOuterDisposeScope();
            dFurther[t] = flow.DFurther?.MoveToOuterDisposeScope();
            dHFromFuture = Sum(dHBefore, flow.DHDirect).MoveToOuterDisposeScope(); // [B, H] (3)
            dCFromFuture = flow.DCBefore?.MoveToOuterDisposeScope(); // [B, H]
        }

        var stackedProjected = stack(dProjected, 0); // [T, B, G·H]
        var stackedRecurrent = ReferenceEquals(dProjected[0], dRecurrent[0]) ? stackedProjected : stack(dRecurrent, 0); // [T, B, G·H]
        var stackedFurther = dFurther[0] is null ? null : stack(dFurther!, 0); // [T, B, ·]
        return new BackwardWalk(stackedProjected, stackedRecurrent, dHFromFuture, dCFromFuture, stackedFurther, keepSteps ? StackSteps(cotangents.Output ?? zeros_like(tape.States[0]), parts) : null);
    }

    private static StepGradients StackSteps(Tensor dOutput, Tensor[][] parts)
    {
        Tensor?[] stacked = [.. parts.Select(column => stack(column, 0)), null, null]; // [T, B, H] each
        return new StepGradients(dOutput.alias(), stacked[0]!, stacked[1], stacked[2]);
    }

    // h_{t-1} in the row of t: the output, shifted by one step of the walk, with h_0 in the row of the first step.
    private static Tensor HiddenBefore(LayerTape tape) => Before(tape, part: 0);

    /// <summary>A part of the state before each step [T, B, H], in the row of the step.</summary>
    private protected static Tensor Before(LayerTape tape, int part)
    {
        var (output, first) = (tape.States[part], tape.Initial[part].unsqueeze(0)); // [T, B, H], [1, B, H]
        return tape.Reversed
            ? cat([output.narrow(0, 1, tape.Steps - 1), first], 0) // [T, B, H]
            : cat([first, output.narrow(0, 0, tape.Steps - 1)], 0); // [T, B, H]
    }

    private static Tensor Sum(Tensor? first, Tensor? second) => first is null ? second! : second is null ? first : first.add(second);

    private protected static Tensor Rows(Tensor sequence) => sequence.reshape(sequence.shape[0] * sequence.shape[1], sequence.shape[2]); // [T·B, ·]

    private protected sealed record BackwardWalk(Tensor DProjected, Tensor DRecurrent, Tensor DHidden, Tensor? DCell, Tensor? DFurther, StepGradients? Steps);
}
