using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Bptt;

/// <summary>The gradients of the arguments of a <see cref="NodeFunction"/>, one each; null where none is wanted.</summary>
/// <param name="saved">The arguments that the node saved.</param>
/// <param name="dOutput">∂L/∂output, of its shape. Under create_graph it has a tape of its own, and what is returned must have one too.</param>
/// <param name="arguments">What is known of the arguments, and which gradients are wanted.</param>
internal delegate Tensor?[] GradientRule(List<Tensor> saved, Tensor dOutput, NodeArguments arguments);

/// <summary>Puts an operation of ours that gives one tensor on the tape, as one node.</summary>
/// <remarks>
/// Nothing leaves <see cref="backward"/>: what a rule throws is recorded, and nothing goes on; see <see cref="NodeArguments.Fail"/>.
/// </remarks>
internal sealed class NodeFunction : SingleTensorFunction<NodeFunction>
{
    private const string CallKey = "call";

    public override string Name => nameof(NodeFunction);

    /// <param name="output">What the operation gave, without a tape; it is disposed.</param>
    /// <param name="rule">Its gradients. It lives as long as the node, and so does what it holds.</param>
    /// <param name="failures">Where what it throws goes.</param>
    /// <param name="arguments">What the operation read.</param>
    /// <param name="saves">How many of the arguments, from the first, the rule reads.</param>
    /// <param name="guarded">Whether a second pass is refused, as libtorch's own nodes refuse it; see <see cref="GraphGuard"/>.</param>
    /// <returns>The output on the tape.</returns>
    public static Tensor Run(Tensor output, GradientRule rule, BackwardFailures failures, Tensor[] arguments, int saves = 0, bool guarded = true)
    {
        using var used = output;
        using var scope = NewDisposeScope();
        var call = new Call(rule, new NodeArguments(arguments, failures), saves, output.numel()) { Output = output };
        var onTape = apply([call, .. arguments]);
        call.Output = null;
        _ = GraphGuard.LikesOf(scope, onTape);
        if (guarded)
        {
            GraphGuard.In(onTape, empty([0], dtype: onTape.dtype, device: onTape.device, requires_grad: true));
        }

        return onTape.MoveToOuterDisposeScope();
    }

    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[0];
        ctx.save_data(CallKey, call);
        if (call.Saves > 0)
        {
            ctx.save_for_backward([.. vars[1..(1 + call.Saves)].Select(value => (Tensor)value)]);
        }

        return call.Output!;
    }

    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(CallKey);
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor?> gradients;
        try
        {
            gradients = grad_output.numel() < call.Elements
                ? new Tensor?[call.Arguments.Count] // nothing reaches the output
                : call.Rule(call.Saves > 0 ? ctx.get_saved_variables() : [], grad_output, call.Arguments);
        }
        catch (Exception failure)
        {
            gradients = call.Arguments.Fail(failure);
        }

        foreach (var gradient in gradients)
        {
            gradient?.MoveToOuterDisposeScope();
        }

        grad_output.Dispose(); // made for this call; the caller's scope would keep it
        return [null!, .. gradients.Select(gradient => gradient!)];
    }

    // One use of the function. It lives in the function's context.
    private sealed record Call(GradientRule Rule, NodeArguments Arguments, int Saves, long Elements)
    {
        // While the node is made.
        public Tensor? Output { get; set; }
    }
}
