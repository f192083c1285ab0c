using RnnZoo.Cells;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>The identity, as a node of the tape that shows its gradient to a callback on the way back, which may change it.</summary>
/// <remarks>
/// Nothing leaves <see cref="backward"/>: what the callback throws is recorded, and nothing goes on; see <see cref="NodeArguments.Refusal"/>. Under
/// create_graph the gradient goes on with its own tape, so that it can be differentiated again.
/// </remarks>
internal sealed class TapFunction : SingleTensorFunction<TapFunction>
{
    private const string CallKey = "call";

    public override string Name => nameof(TapFunction);

    /// <summary>x with a tap on it: a new tensor that shares x's storage.</summary>
    public static Tensor Run(Tensor x, TapCall call)
    {
        if (!is_grad_enabled() || !x.requires_grad)
        {
            return x.detach();
        }

        using var outer = NewDisposeScope();
        using (no_grad())
        {
            (call.Passed, call.Elements) = (x.alias(), x.numel());
        }

        using var scope = NewDisposeScope();
        var tapped = apply(x, call);
        call.Passed = null;
        _ = GraphGuard.LikesOf(scope, tapped);
        return outer.MoveToOuter(scope.MoveToOuter(tapped));
    }

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var call = (TapCall)vars[1];
        ctx.save_data(CallKey, call);
        return call.Passed!;
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var call = (TapCall)ctx.get_data(CallKey);
        if (grad_output.numel() == 0 && call.Elements > 0)
        {
            grad_output.Dispose();
            return [null!, null!]; // nothing reaches x
        }

        using var scope = NewDisposeScope();
        Tensor passedOn;
        try
        {
            passedOn = StepGradient.Changed(call.OnGradient(grad_output.alias()), grad_output).alias();
        }
        catch (Exception failure)
        {
            call.Failures.Record(failure, call.ForwardThread);
            passedOn = NodeArguments.Refusal(grad_output.shape, grad_output.dtype, grad_output.device);
        }

        passedOn.MoveToOuterDisposeScope();
        grad_output.Dispose(); // made for this call; the caller's scope would keep it
        return [passedOn, null!];
    }
}

/// <summary>One use of a <see cref="TapFunction"/>: who is told of the gradient, and where a failure of theirs is kept.</summary>
/// <param name="OnGradient">∂L/∂x → what goes on in its place, or null; what it is given and makes is disposed when the pass goes on.</param>
/// <param name="Failures">Where what it throws goes.</param>
internal sealed record TapCall(Func<Tensor, Tensor?> OnGradient, BackwardFailures Failures)
{
    /// <summary>The managed id of the thread that ran the forward pass.</summary>
    public int ForwardThread { get; } = Environment.CurrentManagedThreadId;

    /// <summary>x on its way through, while the node is made.</summary>
    public Tensor? Passed { get; set; }

    /// <summary>How many elements x has.</summary>
    public long Elements { get; set; }
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

    private Tensor Tap(Tensor x, double[] target, int step, int t, int order) => TapFunction.Run(x, new TapCall(
        gradient =>
        {
            norms.Reach(((long)step * Count) + order);
            var changed = order is HiddenTotal or CellTotal ? norms.Change?.Invoke(t, order == CellTotal, gradient) : null;
            target[t] = TensorNorm.Of(changed ?? gradient);
            return changed;
        },
        failures));
}
