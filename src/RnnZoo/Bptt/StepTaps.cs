using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Taps on the states of one unrolled direction, which write the norms of their gradients.</summary>
internal sealed class StepTaps(StepNorms norms, BackwardFailures failures)
{
    // In the order in which a step makes them; see StepNorms.Reach.
    private const int Weight = 0, CellTotal = 1, HiddenTotal = 2, HiddenFuture = 3, CellFuture = 4, Count = 5;

    /// <summary>One step of a cell, with taps on what only the cell sees: W_hh as the step uses it, and c_t before h_t reads it.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="recurrentWeight">The cell's recurrent weight, or null.</param>
    /// <param name="projected">[B, P].</param>
    /// <param name="state">The state before the step.</param>
    /// <param name="step">The position in the walk.</param>
    /// <param name="t">The row of the input.</param>
    public RecurrentState Advance(RecurrentCell cell, Tensor? recurrentWeight, Tensor projected, RecurrentState state, int step, int t)
    {
        if (cell is not EquationCell own)
        {
            return cell.StepProjected(projected, state);
        }

        var weight = norms.Shares is { } shares ? Tap(recurrentWeight!, shares, step, t, Weight) : recurrentWeight; // [G·H, H]
        return own.Advance(projected, state, weight, norms.Cell is { } cells ? c => Tap(c, cells, step, t, CellTotal) : null);
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

    private Tensor Tap(Tensor x, double[] target, int step, int t, int order) => TapFunction.Run(x, new TapCall(
        gradient =>
        {
            norms.Reach(((long)step * Count) + order);
            target[t] = TensorNorm.Of(gradient);
        },
        failures));
}
