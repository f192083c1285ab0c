using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Bptt;
using RnnZoo.Tests.Modules;
using RnnZoo.Tests.Plots;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>The norms that a trace records are those of the gradients, along every path.</summary>
public sealed class GradientTraceTests
{
    public static TheoryData<string, long, bool, bool> Nets()
    {
        var data = new TheoryData<string, long, bool, bool>();
        foreach (var net in NetCase.Names)
        {
            data.Add(net, 1, false, false);
            data.Add(net, 1, true, true);
            data.Add(net, 2, false, true);
            data.Add(net, 3, true, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Paths_AgreeTo1e10(string name, long layers, bool bidirectional, bool batchFirst)
    {
        using var scope = NewDisposeScope();
        using var net = new TracedNet(new NetCase(name, layers, bidirectional, BatchFirst: batchFirst));
        var expected = net.Norms(BackwardPath.Autograd);
        TracedNet.ExpectEqual(expected, net.Norms(BackwardPath.HandWritten), 1e-10);
        TracedNet.ExpectEqual(expected, net.Norms(BackwardPath.Auto), 1e-10);
        TracedNet.ExpectEqual(expected, net.Norms(BackwardPath.HandWritten, createGraph: true), 1e-10); // the equations
        Assert.Equal(layers * (bidirectional ? 2 : 1), expected.Layers.Count);
        Assert.Equal(7, expected[0].Hidden.Count);
        Assert.All(TracedNet.All(expected), item => Assert.True(item.Values is null || item.Values.All(norm => norm > 0) || IsOfWhatNoStepReads(item.Name), item.Name));
        Assert.All(expected.Layers, layer => Assert.Equal(new NetCase(name).StateParts > 1, layer.Cell is not null));

        bool IsOfWhatNoStepReads(string norms) => name == "lru" && norms.StartsWith("h future", StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Norms_AreThoseOfTheEquationsTensors(string name, long layers, bool bidirectional, bool batchFirst)
    {
        using var scope = NewDisposeScope();
        using var net = new NetCase(name, layers, bidirectional, BatchFirst: batchFirst).Ours(BackwardPath.Auto);
        var module = (IRecurrentModule)net.Module;
        var x = batchFirst ? LayerCase.Random(3, 7, 5) : LayerCase.Random(7, 3, 5);
        var bptt = new NetworkBptt(module);
        var run = bptt.Forward(x);
        var cotangent = randn_like(run.Output);
        var expected = bptt.Backward(run, cotangent).Steps;

        using var trace = GradientTrace.Attach(net.Module);
        Gradient.Backward(net.Run(x, [])[0].mul(cotangent).sum());
        foreach (var step in expected)
        {
            var norms = trace.Last![step.Layer, step.Direction];
            ExpectNorms(step.H(), norms.Hidden);
            ExpectNorms(step.HFromFuture, norms.HiddenFromFuture);
            Assert.Null(norms.WeightShares);
            if (norms.Cell is not null)
            {
                ExpectNorms(step.C(), norms.Cell);
                ExpectNorms(step.CFromFuture!, norms.CellFromFuture!);
            }
        }
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void OneStep_ShareIsTheWholeWeightGradient_AndFutureIsTheFinalState(string name)
    {
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var scope = NewDisposeScope();
            using var net = new NetCase(name).Ours(path);
            using var trace = GradientTrace.Attach(net.Module, new GradientTraceOptions { WeightShares = true });
            var h0 = LayerCase.Random(1, 3, 11);
            Tensor[] state = name == "LSTM" ? [h0, LayerCase.Random(1, 3, 11)] : [h0];
            var outputs = net.Run(LayerCase.Random(1, 3, 5), state);
            var final = LayerCase.Random(1, 3, 11);
            Gradient.Backward(outputs[0].sum().add(outputs[1].mul(final).sum()));
            var norms = trace.Last![0];
            Near(net.Module.get_parameter("weight_hh_l0")!.grad!.norm().ToDouble(), norms.WeightShares![0]);
            Near(final.norm().ToDouble(), norms.HiddenFromFuture[0]);
            Near(final.add(1).norm().ToDouble(), norms.Hidden[0]);
        }
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void LossOfOneStep_ReachesEarlierStepsOfTheWalkAlone(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new TracedNet(new NetCase("LSTM", Bidirectional: true));
        var norms = net.Norms(path, loss: outputs => outputs[0][2].sum()); // t = 2 of 7
        var (forwards, backwards) = (norms[0], norms[0, 1]);
        for (var t = 0; t < 7; t++)
        {
            Assert.Equal(t <= 2, forwards.Hidden[t] > 0);
            Assert.Equal(t < 2, forwards.HiddenFromFuture[t] > 0);
            Assert.Equal(t <= 2, forwards.WeightShares![t] > 0);
            Assert.Equal(t >= 2, backwards.Hidden[t] > 0);
            Assert.Equal(t > 2, backwards.HiddenFromFuture[t] > 0);
            Assert.Equal(t > 2, backwards.CellFromFuture![t] > 0);
        }
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void SecondBackwardPass_TakesTheFirstOnesPlace(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new TracedNet(new NetCase("GRU", Layers: 2));
        var late = net.Norms(path, loss: outputs => outputs[0][6].sum());
        var early = net.Norms(path, loss: outputs => outputs[0][2].sum());
        TracedNet.ExpectEqual(early, net.Norms(path, loss: Both(6, 2)), 1e-13);
        TracedNet.ExpectEqual(late, net.Norms(path, loss: Both(2, 6)), 1e-13);

        static Func<Tensor[], Tensor> Both(int first, int second) => outputs =>
        {
            Gradient.Backward(outputs[0][first].sum(), retainGraph: true);
            return outputs[0][second].sum();
        };
    }

    [Fact]
    public void TinyAndHugeGradients_KeepTheirNorms()
    {
        foreach (var scale in new[] { 1e-200, 1e200 })
        {
            foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
            {
                using var scope = NewDisposeScope();
                using var net = new TracedNet(new NetCase("LSTM"));
                var cotangent = LayerCase.Random(7, 3, 11);
                var plain = net.Norms(path, loss: outputs => outputs[0].mul(cotangent).sum());
                var scaled = net.Norms(path, loss: outputs => outputs[0].mul(cotangent.mul(scale)).sum());
                foreach (var ((name, a), (_, b)) in TracedNet.All(plain).Zip(TracedNet.All(scaled)))
                {
                    Assert.All(a!.Zip(b!), pair => Assert.True(Math.Abs((pair.First * scale) - pair.Second) <= 1e-12 * scale * pair.First, $"{name} {path}: {pair}"));
                }
            }
        }
    }

    [Fact]
    public void Float32_AgreesToItsRounding_AndKeepsTinyGradients()
    {
        foreach (var scale in new[] { 1.0, 1e-25 })
        {
            using var scope = NewDisposeScope();
            using var net = new TracedNet(new NetCase("LSTM", Layers: 2, H: 19), ScalarType.Float32);
            var cotangent = randn(7, 3, 19).mul(scale);
            Tensor Loss(Tensor[] outputs) => outputs[0].mul(cotangent).sum();
            TracedNet.ExpectEqual(net.Norms(BackwardPath.Autograd, loss: Loss), net.Norms(BackwardPath.HandWritten, loss: Loss), 1e-4);
        }
    }

    private static void ExpectNorms(Tensor gradients, IReadOnlyList<double> norms)
    {
        Assert.Equal(gradients.shape[0], norms.Count);
        for (var t = 0; t < norms.Count; t++)
        {
            Near(gradients[t].norm().ToDouble(), norms[t]);
        }
    }

    private static void Near(double expected, double actual) => Assert.True(Math.Abs(expected - actual) <= 1e-12 * expected, $"expected {expected:R}, got {actual:R}");
}
