using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>A small net in float64 with an input and a state, and its Jacobians by autograd.</summary>
internal sealed class JacobianNet : IDisposable
{
    private JacobianNet(IRecurrentModule module, long steps, long batch)
    {
        Module = module;
        Input = randn(module.BatchFirst ? [batch, steps, module.InputSize] : [steps, batch, module.InputSize], dtype: ScalarType.Float64);
        State = module.ZeroState(batch).Map(part => randn_like(part));
    }

    public static string[] Names => TestNets.Names;

    public IRecurrentModule Module { get; }

    public Tensor Input { get; }

    public RecurrentState State { get; }

    public static JacobianNet Make(string cell, long steps = 5, long batch = 3, long hidden = 7, long layers = 1, bool bias = true, bool bidirectional = false, bool batchFirst = false)
    {
        var net = TestNets.Make(cell, new NetOptions(5, hidden, layers) { Bias = bias, BatchFirst = batchFirst, Bidirectional = bidirectional });
        net.Backward = BackwardPath.Autograd;

        // Gains of one and biases of zero would hide what belongs to them.
        using var noTape = no_grad();
        foreach (var (_, parameter) in ((nn.Module)net).named_parameters().Where(item => item.Item1.Contains("_ln_", StringComparison.Ordinal)))
        {
            parameter.uniform_(0.5, 1.5);
        }

        return new JacobianNet(net, steps, batch);
    }

    /// <summary>∂s_to/∂s_from of every sequence, [B, S, S], by unrolling the module on autograd's tape; one layer, time first.</summary>
    public Tensor ByAutograd(int from, int to)
    {
        var start = State;
        using (no_grad())
        {
            for (var t = 0; t < from; t++)
            {
                start = Module.Run(Input.narrow(0, t, 1), start).State;
            }
        }

        var leaves = start.Map(part => part.detach().requires_grad_());
        var end = Module.Run(Input.narrow(0, from, to - from), leaves).State;
        return Rows(end, leaves);
    }

    /// <summary>∂s'/∂s of one step of a cell, [B, S, S].</summary>
    public static Tensor ByAutograd(RecurrentCell cell, Tensor x, RecurrentState before)
    {
        var leaves = before.Map(part => part.detach().requires_grad_());
        return Rows(cell.Step(x, leaves), leaves);
    }

    public void Dispose() => ((nn.Module)Module).Dispose();

    private static Tensor Rows(RecurrentState after, RecurrentState leaves)
    {
        var joined = cat([.. after], -1); // [B, S] or [1, B, S]
        joined = joined.reshape(-1, joined.shape[^1]); // [B, S]
        var rows = Enumerable.Range(0, (int)joined.shape[1]).Select(row =>
        {
            var gradients = autograd.grad([joined.select(1, row).sum()], [.. leaves], retain_graph: true, allow_unused: true);
            return cat([.. gradients.Zip(leaves, (gradient, leaf) => (gradient.IsInvalid ? zeros_like(leaf) : gradient).reshape(joined.shape[0], -1))], 1); // [B, S]
        });
        return stack(rows, 1).detach(); // [B, S, S]
    }
}
