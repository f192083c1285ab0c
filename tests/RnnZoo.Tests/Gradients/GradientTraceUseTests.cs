using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Bptt;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Attaching, pausing, detaching, and what a trace leaves as it was.</summary>
public sealed class GradientTraceUseTests
{
    [Theory]
    [InlineData("LSTM", BackwardPath.HandWritten)]
    [InlineData("GRU", BackwardPath.HandWritten)]
    [InlineData("RNN", BackwardPath.HandWritten)]
    [InlineData("layernorm-lstm", BackwardPath.HandWritten)]
    [InlineData("mingru", BackwardPath.HandWritten)]
    [InlineData("LSTM", BackwardPath.Autograd)]
    [InlineData("GRU", BackwardPath.Autograd)]
    [InlineData("layernorm-lstm", BackwardPath.Autograd)]
    [InlineData("mingru", BackwardPath.Autograd)]
    public void Tracing_DoesNotChangeTheGradient(string name, BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var pair = new PathPair(new NetCase(name, Layers: 2, Bidirectional: true, H: 19), ScalarType.Float32);
        var expected = pair.Gradients(path, pair.Loss);
        foreach (var shares in new[] { false, true })
        {
            using var trace = GradientTrace.Attach(pair.Net.Module, new GradientTraceOptions { WeightShares = shares });
            Expect.Close(expected, pair.Gradients(path, pair.Loss), path == BackwardPath.HandWritten ? 0 : 1e-6, name);
            Assert.Equal(1, trace.Count);
        }
    }

    [Fact]
    public void Trace_OfASequenceModel_SeesItsNet()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("lstm", 5, 11, 3, numLayers: 2);
        using var trace = GradientTrace.Attach(model);
        Assert.Null(trace.Last);
        Gradient.Backward(model.call(randn(7, 3, 5)).Output.square().mean());
        Assert.Equal(2, trace.Last!.Layers.Count);
        Assert.Equal(7, trace.Last[0].Hidden.Count);
    }

    [Fact]
    public void Users_OwnCell_ShowsItsHidden()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(5, (_, _, size) => new LeakyCell(size, 11), numLayers: 2, bidirectional: true);
        using var trace = GradientTrace.Attach(net, new GradientTraceOptions { WeightShares = true });
        var x = LayerCase.Random(7, 3, 5);
        var (output, state) = net.call(x);
        var cotangent = randn_like(output);
        Gradient.Backward(output.mul(cotangent).sum().add(state.Hidden.sum()));
        var top = trace.Last![1];
        Assert.Null(top.Cell);
        Assert.Null(top.WeightShares);
        Assert.Equal(Math.Sqrt(33), top.HiddenFromFuture[6], 1e-12);
        Assert.Equal(cotangent[6].narrow(1, 0, 11).add(1).norm().ToDouble(), top.Hidden[6], 1e-12);
        Assert.All(trace.Last.Layers, layer => Assert.All(layer.Hidden, norm => Assert.True(norm > 0)));
    }

    [Fact]
    public void EverySecond_Paused_AndNoGradPasses_AreCountedAsSaid()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11);
        using var trace = GradientTrace.Attach(net, new GradientTraceOptions { Every = 2, Keep = 3 });
        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(_ => Recorded()));
        using (no_grad())
        {
            net.call(randn(7, 3, 5));
        }

        trace.Paused = true;
        Assert.Equal([false, false, false], Enumerable.Range(0, 3).Select(_ => Recorded()));
        trace.Paused = false;
        Assert.Equal([true, false, true], Enumerable.Range(0, 3).Select(_ => Recorded()));
        Assert.Equal(4, trace.Count);
        Assert.Equal(3, trace.Recent.Count);

        bool Recorded()
        {
            var before = trace.Count;
            Gradient.Backward(net.call(randn(7, 3, 5)).Item1.sum());
            return trace.Count > before;
        }
    }

    [Fact]
    public void Recent_HoldsTheChunksInOrder_AndDoesNotChangeLater()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11);
        using var trace = GradientTrace.Attach(net, new GradientTraceOptions { Keep = 2 });
        foreach (var steps in new[] { 3, 5, 7 })
        {
            Gradient.Backward(net.call(randn(steps, 2, 5)).Item1.sum());
        }

        Assert.Equal([5, 7], trace.Recent.Select(norms => norms[0].Hidden.Count));
        var last = trace.Last!;
        var first = last[0].Hidden[0];
        Gradient.Backward(net.call(randn(7, 2, 5)).Item1.sum().mul(100));
        Assert.Equal(first, last[0].Hidden[0]);
        Assert.NotEqual(first, trace.Last![0].Hidden[0]);
    }

    [Fact]
    public void ForwardPassWithoutABackwardPass_LeavesLastAsItIs()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11);
        using var trace = GradientTrace.Attach(net);
        Gradient.Backward(net.call(randn(7, 3, 5)).Item1.sum());
        net.call(randn(2, 3, 5));
        Assert.Equal(7, trace.Last![0].Hidden.Count);
    }

    [Fact]
    public void Detached_NothingIsRecorded_AndWhatWasIsKept()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11);
        var trace = GradientTrace.Attach(net);
        Gradient.Backward(net.call(randn(7, 3, 5)).Item1.sum());
        trace.Dispose();
        trace.Dispose();
        Gradient.Backward(net.call(randn(5, 3, 5)).Item1.sum());
        Assert.Equal(7, trace.Last![0].Hidden.Count);
        Assert.Equal(1, trace.Count);
        net.Backward = BackwardPath.Native;
    }

    [Fact]
    public void TwoTraces_OnOneNet_EachGetWhatTheyAskedFor()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11);
        using var plain = GradientTrace.Attach(net);
        using var shares = GradientTrace.Attach(net, new GradientTraceOptions { WeightShares = true, Every = 2 });
        Gradient.Backward(net.call(randn(7, 3, 5)).Item1.sum());
        Gradient.Backward(net.call(randn(7, 3, 5)).Item1.sum());
        Assert.Equal((2, 1), (plain.Count, shares.Count));
        Assert.Null(plain.Last![0].WeightShares);
        Assert.Equal(7, shares.Last![0].WeightShares!.Count);
    }

    [Fact]
    public void Native_IsRefused_AndAutoPicksAPathThatSees()
    {
        using var net = new Lstm(5, 11, dtype: ScalarType.BFloat16);
        Assert.Equal(BackwardPath.Native, net.EffectiveBackward);
        using (GradientTrace.Attach(net))
        {
            Assert.Equal(BackwardPath.HandWritten, net.EffectiveBackward);
            Expect.Message<NotSupportedException>(
                "Backward: expected Auto, Autograd or HandWritten while gradients of Lstm are traced, got Native, which shows no gradient of a step; detach the trace first.",
                () => net.Backward = BackwardPath.Native);
        }

        net.Backward = BackwardPath.Native;
        Expect.Message<NotSupportedException>(
            "module: expected Lstm.Backward = Auto, Autograd or HandWritten, got Native, which shows no gradient of a step.",
            () => GradientTrace.Attach(net));
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var none = nn.Linear(5, 7);
        using var net = new Gru(5, 11);
        Assert.StartsWith("module: expected one recurrent module of this library in Linear, got 0; ", Assert.Throws<ArgumentException>(() => GradientTrace.Attach(none)).Message, StringComparison.Ordinal);
        Assert.StartsWith("Every: expected at least 1, got 0.", Assert.Throws<ArgumentOutOfRangeException>(() => GradientTrace.Attach(net, new GradientTraceOptions { Every = 0 })).Message, StringComparison.Ordinal);
        Assert.StartsWith("Keep: expected at least 1, got -1.", Assert.Throws<ArgumentOutOfRangeException>(() => GradientTrace.Attach(net, new GradientTraceOptions { Keep = -1 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void Tracing_LeavesNoTensorsBehind(BackwardPath path)
    {
        using var net = new Lstm(5, 11, numLayers: 2) { Backward = path };
        using var trace = GradientTrace.Attach(net, new GradientTraceOptions { WeightShares = true });
        var live = 0L;
        for (var step = 0; step < 5; step++)
        {
            live = step == 2 ? Expect.LiveTensors : live;
            using var scope = NewDisposeScope();
            Gradient.Backward(net.call(randn(7, 3, 5)).Item1.sum());
            net.zero_grad();
        }

        Assert.Equal(live, Expect.LiveTensors);
    }
}
