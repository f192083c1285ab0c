using RnnZoo.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>
/// Plugs a hand-written backward pass into autograd: one node for all steps of one direction of one layer. Outputs: h at
/// every step [T, B, H], h_n [B, H] and, for an LSTM, c_n [B, H].
/// </summary>
/// <remarks>
/// Arguments and tape are saved variables, so one that is changed in place before the backward pass is found there. When
/// the gradient is itself to be differentiated (create_graph), the equations run again on the saved arguments with the
/// tape on. Nothing leaves <see cref="backward"/>: see <see cref="BackwardFailures"/>.
/// </remarks>
internal sealed class LayerFunction : MultiTensorFunction<LayerFunction>
{
    private const string CallKey = "call";
    private const string StatePartsKey = "states";

    public override string Name => nameof(LayerFunction);

    /// <summary>Runs a layer and, if anything asks for a gradient, puts it on the tape.</summary>
    public static RecurrentResult Run(LayerCall call, LayerArguments arguments)
    {
        var slots = arguments.Slots();
        if (!is_grad_enabled() || !Array.Exists(slots, tensor => tensor is { requires_grad: true }))
        {
            var run = call.Forward(arguments, keepTape: false);
            return new RecurrentResult(run.Output, run.Final);
        }

        var outputs = apply([call, .. slots!]);
        return new RecurrentResult(outputs[0], new RecurrentState([.. outputs.Skip(1)]));
    }

    public override List<Tensor> forward(AutogradContext ctx, params object[] vars)
    {
        var call = (LayerCall)vars[0];
        var arguments = LayerArguments.FromSlots(Array.ConvertAll(vars[1..], value => (Tensor?)value));
        var run = call.Forward(arguments, keepTape: true);
        var tape = run.Tape!;

        // An output that the loss does not use has no gradient; left so, it costs nothing and needs no buffer.
        ctx.set_materialize_grads(false);
        ctx.save_data(CallKey, call);
        ctx.save_data(StatePartsKey, tape.States.Count);
        ctx.save_for_backward([.. arguments.Slots().OfType<Tensor>(), .. tape.States, .. tape.Kept]);
        return [run.Output, .. run.Final];
    }

    public override List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs)
    {
        var call = (LayerCall)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        List<Tensor?> gradients;
        try
        {
            var cotangents = new LayerCotangents(Defined(grad_outputs, 0), Defined(grad_outputs, 1), Defined(grad_outputs, 2));
            gradients = call.BySlot(call.Backward(ctx.get_saved_variables(), cotangents, (int)ctx.get_data(StatePartsKey)));
        }
        catch (Exception failure)
        {
            gradients = call.Fail(failure);
        }

        gradients.ForEach(gradient => gradient?.MoveToOuterDisposeScope());
        foreach (var cotangent in grad_outputs.Where(gradient => !gradient.IsInvalid))
        {
            cotangent.Dispose(); // made for this call; the caller's scope would keep it
        }

        return [null!, .. gradients.Select(gradient => gradient!)];
    }

    private static Tensor? Defined(List<Tensor> gradients, int index) =>
        index < gradients.Count && gradients[index] is { IsInvalid: false } gradient ? gradient : null;
}
