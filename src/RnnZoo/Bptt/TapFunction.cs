using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>The identity, as a node of the tape that shows its gradient to a callback on the way back, which may change it.</summary>
internal static class TapFunction
{
    /// <summary>x with a tap on it: a new tensor that shares x's storage.</summary>
    /// <remarks>Under create_graph the gradient goes on with its own tape, so that it can be differentiated again.</remarks>
    /// <param name="x">Of any shape.</param>
    /// <param name="onGradient">∂L/∂x → what goes on in its place, or null; what it is given and makes is disposed when the pass goes on.</param>
    /// <param name="failures">Where what it throws goes.</param>
    public static Tensor Run(Tensor x, Func<Tensor, Tensor?> onGradient, BackwardFailures failures)
    {
        if (!is_grad_enabled() || !x.requires_grad)
        {
            return x.detach();
        }

        Tensor passed;
        using (no_grad())
        {
            passed = x.alias();
        }

        return NodeFunction.Run(passed, (_, gradient, _) => [StepGradient.Changed(onGradient(gradient.alias()), gradient).alias()], failures, [x], guarded: false);
    }
}

/// <summary>Taps on the states of one unrolled direction, which write the norms of their gradients.</summary>
internal sealed class StepTaps(StepNorms norms, BackwardFailures failures)
{
    // In the order in which a step makes them; see StepNorms.Reach.
    private const int Weight = 0, CellTotal = 1, HiddenTotal = 2, HiddenFuture = 3, CellFuture = 4, Count = 5;

    /// <summary>One step of a cell, with taps on what only the cell sees: W_hh as the step uses it, and c_t before h_t reads it.</summary>
    public RecurrentState Advance(RecurrentCell cell, LayerWeights? weights, Tensor projected, RecurrentState state, int step, int t)
    {
        if (cell is not EquationCell own)
        {
            return cell.StepProjected(projected, state);
        }

        weights = norms.Shares is { } shares ? weights! with { HiddenWeight = Tap(weights.HiddenWeight!, shares, step, t, Weight) } : weights;
        return own.ForwardStep(projected, state, weights!, norms.Cell is { } cells ? c => Tap(c, cells, step, t, CellTotal) : null).After;
    }

    /// <summary>Parts what a step made into what the output reads and what the next step reads.</summary>
    /// <returns>h_t for the output [B, H], and the state for the next step.</returns>
    public (Tensor Output, RecurrentState Next) Fork(RecurrentState after, int step, int t)
    {
        var h = Tap(after.Hidden, norms.Hidden, step, t, HiddenTotal); // [B, H]
        Tensor[] next = [Tap(h, norms.HiddenFromFuture, step, t, HiddenFuture), .. after.Skip(1)];
        if (norms.CellFromFuture is { } future)
        {
            next[1] = Tap(next[1], future, step, t, CellFuture); // [B, H]
        }

        return (h, new RecurrentState(next));
    }

    private Tensor Tap(Tensor x, double[] target, int step, int t, int order) => TapFunction.Run(
        x,
        gradient =>
        {
            norms.Reach(((long)step * Count) + order);
            var changed = order is HiddenTotal or CellTotal ? norms.Change?.Invoke(t, order == CellTotal, gradient) : null;
            target[t] = TensorNorm.Of(changed ?? gradient);
            return changed;
        },
        failures);
}
