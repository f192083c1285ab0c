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
    public static Tensor Run(Tensor x, TapCall call) => is_grad_enabled() && x.requires_grad ? apply(x, call) : x.detach();

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        ctx.save_data(CallKey, vars[1]);
        return ((Tensor)vars[0]).alias();
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var call = (TapCall)ctx.get_data(CallKey);
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
