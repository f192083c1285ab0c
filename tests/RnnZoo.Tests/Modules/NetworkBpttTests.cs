using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The equations over layers and directions, without autograd.</summary>
public sealed class NetworkBpttTests
{
    [Theory]
    [InlineData("RNN", 2, true, false)]
    [InlineData("LSTM", 2, true, true)]
    [InlineData("GRU", 3, false, true)]
    [InlineData("layernorm-lstm", 2, true, true)]
    [InlineData("mingru", 2, true, true)]
    [InlineData("cornn", 2, true, false)]
    [InlineData("lem", 3, true, true)]
    public void EveryGradient_EqualsAutograd(string net, long layers, bool bidirectional, bool batchFirst)
    {
        using var scope = NewDisposeScope();
        var netCase = new NetCase(net, layers, bidirectional, BatchFirst: batchFirst);
        using var runnable = netCase.Ours(BackwardPath.Autograd);
        var module = (IRecurrentModule)runnable.Module;
        var x = batchFirst ? LayerCase.Random(3, 7, 5) : LayerCase.Random(7, 3, 5);
        var state = netCase.RandomState(3);
        var directions = bidirectional ? 2 : 1;
        var dOutput = LayerCase.Random([.. x.shape[..2], directions * 11]);
        Tensor[] dFinal = [.. state.Select(part => randn_like(part))];
        var (outputs, expected) = runnable.RunAndDifferentiate(x, state, [dOutput, .. dFinal]);

        var bptt = new NetworkBptt(module);
        var run = bptt.Forward(x, new RecurrentState(state));
        var gradients = bptt.Backward(run, dOutput, new RecurrentState(dFinal));
        var actual = new Dictionary<string, Tensor>(gradients.Parameters) { ["input"] = gradients.Input, ["h0"] = gradients.Initial.Hidden };
        if (netCase.StateParts > 1)
        {
            actual["c0"] = gradients.Initial.Cell;
        }

        Expect.Close(outputs[0], run.Output, 1e-13, "output");
        Expect.Close(expected, actual, 1e-12, net);
        Assert.Equal(layers * directions, gradients.Steps.Count);
    }

    [Fact]
    public void Dropout_IsTheSameOnTheWayBack()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, numLayers: 2, dropout: 0.5, dtype: ScalarType.Float64);
        var x = LayerCase.Random(7, 3, 5);
        var bptt = new NetworkBptt(net);
        var run = bptt.Forward(x);
        var mask = run.DropoutMasks[0]!;
        Assert.InRange(mask.eq(0).to(ScalarType.Float64).mean().item<double>(), 0.3, 0.7);

        // What a unit that was dropped below sends to nobody comes back as zero.
        var dropped = bptt.Backward(run, ones_like(run.Output)).Steps[0].HFromOutput.mul(mask.eq(0).to(ScalarType.Float64));
        Assert.Equal(0, dropped.abs().max().item<double>());
        net.eval();
        Assert.Null(bptt.Forward(x).DropoutMasks[0]);
    }
}
