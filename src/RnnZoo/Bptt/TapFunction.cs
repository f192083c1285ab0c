using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>The identity, as a node of the tape that shows its gradient to a callback on the way back.</summary>
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
            passedOn = grad_output.alias();
            using var noTape = no_grad();
            using var inner = NewDisposeScope();
            call.OnGradient(grad_output.detach());
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
