using RnnZoo.Cells;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>y = x W' + b as one node on the tape, for many rows: a readout of what a layer gave.</summary>
/// <remarks>
/// A gradient that is itself to be differentiated is found by tensor operations. Nothing leaves <see cref="backward"/>: see
/// <see cref="BackwardFailures"/>. Where W and b are frozen nothing guards the node but what stands behind x; see <see cref="GraphGuard"/>.
/// </remarks>
internal sealed class LinearFunction : SingleTensorFunction<LinearFunction>
{
    private const string CallKey = "call";

    public override string Name => nameof(LinearFunction);

    /// <summary>Finds y; by libtorch where no gradient of x is asked for, or the kernels cannot or need not run.</summary>
    /// <param name="x">[.., I].</param>
    /// <param name="weight">W [O, I].</param>
    /// <param name="bias">b [O].</param>
    /// <param name="failures">Where a failure of the backward pass goes.</param>
    /// <returns>[.., O].</returns>
    public static Tensor Run(Tensor x, Tensor weight, Tensor bias, BackwardFailures failures)
    {
        if (!is_grad_enabled() || !x.requires_grad || !RowProducts.CanRun(x, weight, isTransposed: true, bias))
        {
            return x.Linear(weight, bias);
        }

        using var outer = NewDisposeScope();
        var call = new LinearCall(new NodeArguments([x, weight, bias], failures));
        using (no_grad())
        {
            call.Output = x.Linear(weight, bias); // [.., O]
        }

        using var scope = NewDisposeScope();
        var y = apply(call, x, weight, bias);
        call.Output = null;
        _ = GraphGuard.LikesOf(scope, y);
        if (weight.requires_grad || bias.requires_grad)
        {
            GraphGuard.In(y, bias.requires_grad ? bias : weight);
        }

        return outer.MoveToOuter(scope.MoveToOuter(y));
    }

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var call = (LinearCall)vars[0];
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([(Tensor)vars[1], (Tensor)vars[2]]);
        return call.Output!;
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var arguments = ((LinearCall)ctx.get_data(CallKey)).Arguments;
        using var scope = NewDisposeScope();
        List<Tensor?> gradients;
        try
        {
            gradients = Gradients(ctx.get_saved_variables(), grad_output, arguments);
        }
        catch (Exception failure)
        {
            gradients = arguments.Fail(failure);
        }

        gradients.ForEach(gradient => gradient?.MoveToOuterDisposeScope());
        grad_output.Dispose(); // made for this call; the caller's scope would keep it
        return [null!, .. gradients.Select(gradient => gradient!)];
    }

    /// <param name="saved">x and W.</param>
    /// <param name="dOutput">∂L/∂y [.., O]; without elements where nothing reaches y.</param>
    /// <param name="arguments">Which gradients are wanted.</param>
    private static List<Tensor?> Gradients(List<Tensor> saved, Tensor dOutput, NodeArguments arguments)
    {
        if (dOutput.numel() == 0)
        {
            return [null, null, null];
        }

        var rows = dOutput.flatten(0, -2); // [N, O]
        return
        [
            rows.Times(saved[1]).view(arguments.ShapeOf(0)), // [.., I]
            arguments.Wants(1) ? rows.TransposedTimes(saved[0].flatten(0, -2)) : null, // [O, I]
            arguments.Wants(2) ? rows.sum([0]) : null, // [O]
        ];
    }

    // One use of the function, for whom its gradients are, and y while the node is made. It lives in the function's context.
    private sealed record LinearCall(NodeArguments Arguments)
    {
        public Tensor? Output { get; set; }
    }
}
