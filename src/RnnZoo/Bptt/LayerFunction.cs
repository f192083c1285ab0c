using RnnZoo.Cells;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>
/// Plugs a hand-written backward pass into autograd: one node for all steps of one direction of one layer. Outputs: h at
/// every step [T, B, H] and the final state [S, B, H], its parts one after the other.
/// </summary>
/// <remarks>
/// Arguments are saved variables, so one that is changed in place before the backward pass is found there. The output is not:
/// the tape has h once more, so it may be changed. Nothing leaves <see cref="backward"/>: see <see cref="BackwardFailures"/>.
/// </remarks>
internal sealed class LayerFunction : MultiTensorFunction<LayerFunction>
{
    private const string CallKey = "call";

    public override string Name => nameof(LayerFunction);

    /// <summary>Runs a layer and, if anything asks for a gradient, puts it on the tape.</summary>
    public static RecurrentResult Run(LayerCall call, LayerArguments arguments, BackwardFailures failures)
    {
        using var scope = NewDisposeScope();
        var slots = arguments.Slots();
        var needsGradient = is_grad_enabled() && Array.Exists(slots, tensor => tensor is { requires_grad: true });
        var (output, final) = needsGradient ? OnTape(call, arguments, slots, failures) : call.Forward(arguments); // [T, B, H], [S, B, H]
        var keepsAxis = arguments.Initial.Hidden.Dimensions == 3;
        var parts = Enumerable.Range(0, arguments.Initial.Count)
            .Select(part => keepsAxis ? final.narrow(0, part, 1) : final.select(0, part)); // [1, B, H] or [B, H] each
        return new RecurrentResult(output.MoveToOuterDisposeScope(), new RecurrentState([.. parts.Select(part => part.MoveToOuterDisposeScope())]));
    }

    // The layer ran before: an exception here would leave the node, and all that it leads to, alive for ever.
    public override List<Tensor> forward(AutogradContext ctx, params object[] vars)
    {
        var call = (LayerCall)vars[0];
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([.. vars[1..].Select(value => (Tensor)value)]); // null for an argument that this layer does not have
        return [call.Output!, call.Final!];
    }

    public override List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs)
    {
        var call = (LayerCall)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        List<Tensor?> gradients;
        try
        {
            var output = grad_outputs[0] is { Dimensions: 3 } given ? given : null; // [T, B, H]; else nothing reaches it
            var final = grad_outputs[1] is { Dimensions: 3 } parts ? parts.unbind(0) : []; // S × [B, H]
            gradients = call.Backward([.. ctx.get_saved_variables()], new LayerCotangents(output, final.ElementAtOrDefault(0), final.ElementAtOrDefault(1)));
        }
        catch (Exception failure)
        {
            gradients = call.Fail(failure);
        }

        gradients.ForEach(gradient => gradient?.MoveToOuterDisposeScope());
        grad_outputs.ForEach(cotangent => cotangent.Dispose()); // made for this call; the caller's scope would keep them
        return [null!, .. gradients.Select(gradient => gradient!)];
    }

    private static (Tensor Output, Tensor Final) OnTape(LayerCall call, LayerArguments arguments, Tensor?[] slots, BackwardFailures failures)
    {
        using var tape = call.ForwardOnTape(arguments, slots, failures);
        using var scope = NewDisposeScope();
        var outputs = apply([call, .. slots!]);
        var likes = GraphGuard.LikesOf(scope, outputs);
        if (tape is not null)
        {
            call.Keep(likes[1], tape); // a gradient always comes for the final state: the guard of the output sees to that
        }

        var final = GraphGuard.Of(outputs[1]);
        GraphGuard.In(outputs[0], final);
        return (outputs[0].MoveToOuterDisposeScope(), final.MoveToOuterDisposeScope());
    }
}
