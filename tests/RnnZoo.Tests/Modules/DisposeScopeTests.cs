using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Native memory: what a pass and a module leave alive.</summary>
public sealed class DisposeScopeTests
{
    private const string BoundedNet = "indrnn with a bound";

    public static TheoryData<string, BackwardPath> NetsAndPaths() => ConversionTests.NetsAndPaths();

    [Theory]
    [MemberData(nameof(NetsAndPaths))]
    public void Forward_LeavesOnlyItsResults(string name, BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new NetCase(name, Layers: 2, Bidirectional: true, BatchFirst: true).Ours(path);
        var x = randn(3, 7, 5, dtype: ScalarType.Float64);
        var before = Expect.LiveTensors;
        var results = net.Run(x, []);
        Assert.Equal(before + results.Length + OfNodes(path, 4), Expect.LiveTensors);
    }

    [Theory]
    [MemberData(nameof(NetsAndPaths))]
    public void Forward_WithoutAScope_LeavesOnlyItsResults(string name, BackwardPath path)
    {
        using var net = new NetCase(name).Ours(path);
        using var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        var before = Expect.LiveTensors;
        var results = net.Run(x, []);
        Assert.Equal(before + results.Length + OfNodes(path, 1), Expect.LiveTensors);
        foreach (var result in results)
        {
            result.Dispose();
        }

        Assert.Equal(before, Expect.LiveTensors);
    }

    [Theory]
    [MemberData(nameof(NetsAndPaths))]
    public void Module_MadeInAScope_OutlivesItAndFreesAllWhenDisposed(string name, BackwardPath path)
    {
        var before = Expect.LiveTensors;
        RunnableNet net;
        using (NewDisposeScope())
        {
            net = new NetCase(name, Layers: 2).Ours(path);
        }

        using (NewDisposeScope())
        {
            net.Run(randn(7, 3, 5, dtype: ScalarType.Float64), [])[0].sum().backward();
        }

        Assert.InRange(Expect.LiveTensors - before - net.Module.parameters().Count(), 0, 2); // the memory of each layer's next pass
        net.Module.eval();
        using (NewDisposeScope())
        using (no_grad())
        {
            net.Run(randn(7, 3, 5, dtype: ScalarType.Float64), []); // is not kept where nobody trains
        }

        Assert.Equal(before + net.Module.parameters().Count(), Expect.LiveTensors);
        net.Dispose();
        Assert.Equal(before, Expect.LiveTensors);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Linear)]
    public void Conversion_LeavesOnlyTheParameters(Activation activation)
    {
        var before = Expect.LiveTensors;
        using (var net = new VanillaRnn(5, 11, 2, activation))
        {
            net.to(ScalarType.Float64);
            Assert.Equal(before + 8, Expect.LiveTensors);
            net.to(ScalarType.Float64);
            Assert.Equal(before + 8, Expect.LiveTensors);
        }

        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public void Backward_AfterTheForwardsScopeClosed_StillHasItsGraph()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.Autograd };
        Tensor output;
        using (NewDisposeScope())
        {
            output = net.call(randn(7, 3, 5, dtype: ScalarType.Float64)).Item1.MoveToOuterDisposeScope();
        }

        output.sum().backward();
        Assert.All(net.parameters(), parameter => Assert.True(parameter.grad!.abs().max().item<double>() > 0));
    }

    public static TheoryData<string, BackwardPath> AllNets()
    {
        var data = new TheoryData<string, BackwardPath>();
        foreach (var cell in SequenceModel.Names)
        {
            data.Add(cell, BackwardPath.Autograd);
            data.Add(cell, BackwardPath.HandWritten);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(AllNets))]
    [InlineData(BoundedNet, BackwardPath.Autograd)]
    [InlineData(BoundedNet, BackwardPath.HandWritten)]
    public void TrainingStep_LeavesNoTensors(string cell, BackwardPath path)
    {
        using var model = cell == BoundedNet
            ? new SequenceModel(new IndRnn(5, 11, numLayers: 2, recurrentBound: 1), 9)
            : SequenceModel.Create(cell, 5, 11, 9, numLayers: 2);
        model.Recurrent.Backward = path;
        using var optimizer = optim.SGD(model.parameters(), 0.1);
        Step();
        var before = Expect.LiveTensors;
        Step();
        Step();
        Assert.Equal(before, Expect.LiveTensors);

        void Step()
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            Gradient.Backward(model.call(randn(7, 3, 5)).Output.square().sum());
            optimizer.step();
        }
    }

    [Theory]
    [MemberData(nameof(AllNets))]
    public void SequenceModel_LeavesOnlyItsResultsAndFreesAll(string cell, BackwardPath path)
    {
        var start = Expect.LiveTensors;
        using (var model = SequenceModel.Create(cell, 10, 11, 9, encoding: InputEncoding.Embedding, embeddingSize: 3))
        using (NewDisposeScope())
        {
            model.Recurrent.Backward = path;
            var tokens = zeros(7, 3, dtype: ScalarType.Int64);
            var before = Expect.LiveTensors;
            var (_, state) = model.call(tokens);
            Assert.Equal(before + 1 + state.Count + OfNodes(path, 1), Expect.LiveTensors);
        }

        Assert.Equal(start, Expect.LiveTensors);
    }

    [Fact]
    public void CellThatPassesItsStateThrough_MovesNothingOutOfItsScope()
    {
        var start = Expect.LiveTensors;
        using (NewDisposeScope())
        {
            using var net = new Recurrent(3, (_, _, size) => new PassingCell(size, 7));
            using var cell = new PassingCell(3, 7);
            using (NewDisposeScope())
            {
                var state = new RecurrentState(zeros(2, 7), zeros(2, 7));
                var x = zeros(5, 2, 3);
                cell.call(x.select(0, 0), state);
                var before = Expect.LiveTensors;
                net.call(x);
                Assert.Equal(before + 3, Expect.LiveTensors);
            }
        }

        Assert.Equal(start, Expect.LiveTensors);
    }

    [Fact]
    public void FailedCall_LeavesNothing()
    {
        using var net = new Recurrent(3, (_, _, size) => new LeakyCell(size, 7));
        using var x = zeros(5, 2, 4, dtype: ScalarType.Float64);
        var before = Expect.LiveTensors;
        Assert.Throws<ArgumentException>(() => net.call(x));
        Assert.Equal(before, Expect.LiveTensors);
    }

    // A hand-written node keeps an empty tensor for each of its two outputs until its graph dies.
    private static int OfNodes(BackwardPath path, int nodes) => path == BackwardPath.HandWritten ? 2 * nodes : 0;

    private sealed class PassingCell(long inputSize, long hiddenSize) : RecurrentCell(nameof(PassingCell), inputSize, hiddenSize)
    {
        public override IReadOnlyList<long> StateSizes => [HiddenSize, HiddenSize];

        public override RecurrentState Step(Tensor x, RecurrentState state) => new(state[0].add(1), state[1]);
    }
}
