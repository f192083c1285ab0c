using RnnZoo.Cells;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>y = x W' + b as one node on the tape, for many rows: a readout of what a layer gave.</summary>
/// <remarks>
/// A gradient that is itself to be differentiated is found by tensor operations. Nothing leaves <see cref="backward"/>: see
/// <see cref="BackwardFailures"/>. The node behind x refuses a second pass through a graph that was not retained; see <see cref="GraphGuard"/>.
/// </remarks>
internal sealed class LinearFunction : SingleTensorFunction<LinearFunction>
{
    private const string CallKey = "call";

    public override string Name => nameof(LinearFunction);

    /// <summary>Finds y.</summary>
    /// <param name="x">[.., I], the output of a <see cref="LayerFunction"/>.</param>
    /// <param name="weight">W [O, I].</param>
    /// <param name="bias">b [O].</param>
    /// <param name="failures">Where a failure of the backward pass goes.</param>
    /// <returns>[.., O].</returns>
    public static Tensor Run(Tensor x, Tensor weight, Tensor bias, BackwardFailures failures)
    {
        if (is_grad_enabled() && !(x.requires_grad && RowProducts.CanRun(x, weight, isTransposed: true, bias)))
        {
            return nn.functional.linear(x, weight, bias); // [.., O]
        }

        using var outer = NewDisposeScope();
        Tensor y;
        using (no_grad())
        {
            y = x.Linear(weight, bias); // [.., O]
        }

        if (!is_grad_enabled())
        {
            return y.MoveToOuterDisposeScope();
        }

        using var scope = NewDisposeScope();
        var onTape = apply(new LinearCall(y, new NodeArguments([x, weight, bias], failures)), x, weight, bias);
        _ = GraphGuard.LikesOf(scope, onTape);
        return outer.MoveToOuter(scope.MoveToOuter(onTape));
    }

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var call = (LinearCall)vars[0];
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([.. vars[1..].Select(value => (Tensor)value)]);
        return call.TakeOutput();
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var call = (LinearCall)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        List<Tensor?> gradients;
        try
        {
            gradients = call.Backward([.. ctx.get_saved_variables()], grad_output);
        }
        catch (Exception failure)
        {
            gradients = call.Fail(failure);
        }

        gradients.ForEach(gradient => gradient?.MoveToOuterDisposeScope());
        grad_output.Dispose(); // made for this call; the caller's scope would keep it
        return [null!, .. gradients.Select(gradient => gradient!)];
    }

    // One use of the function: y until the node is made, and for whom gradients are. It lives in the function's context.
    private sealed class LinearCall(Tensor output, NodeArguments arguments)
    {
        private Tensor? _output = output;

        public Tensor TakeOutput()
        {
            var taken = _output!;
            _output = null;
            return taken;
        }

        /// <param name="saved">x, W and b.</param>
        /// <param name="dOutput">∂L/∂y [.., O]; without elements where nothing reaches y.</param>
        public List<Tensor?> Backward(Tensor?[] saved, Tensor dOutput)
        {
            if (dOutput.numel() == 0)
            {
                return [null, null, null];
            }

            var (x, weight, rows) = (saved[0]!, saved[1]!, Rows(dOutput)); // [N, O]
            return
            [
                dOutput.Times(weight), // [.., I]
                arguments.Wants(1) ? rows.TransposedTimes(Rows(x)) : null, // [O, I]
                arguments.Wants(2) ? rows.sum([0]) : null, // [O]
            ];
        }

        public List<Tensor?> Fail(Exception failure) => arguments.Fail(failure);

        private static Tensor Rows(Tensor sequence) => sequence.flatten(0, -2);
    }
}
