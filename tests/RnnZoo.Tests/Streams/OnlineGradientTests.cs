using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

/// <summary>Gradients that go on where a chunk starts, by what the state owes to the parameters.</summary>
public class OnlineGradientTests
{
    private const int T = 13;
    private const int B = 3;
    private const int I = 5;
    private const int H = 7;
    private const int O = 2;

    public static TheoryData<string, BackwardPath, bool> ElementByElement
    {
        get
        {
            var data = new TheoryData<string, BackwardPath, bool>();
            foreach (var name in new[] { "indrnn", "mingru", "minlstm", "lru", "rg-lru" })
            {
                data.Add(name, BackwardPath.HandWritten, false);
                data.Add(name, BackwardPath.HandWritten, true);
                data.Add(name, BackwardPath.Autograd, true);
            }

            return data;
        }
    }

    public static TheoryData<string, int> SmallNets
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var name in SequenceModel.Names)
            {
                data.Add(name, 1);
            }

            data.Add("vanilla", 2);
            data.Add("lstm", 2);
            data.Add("lru", 2);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ElementByElement))]
    public void SnAp1_OneLayerOfUnitsThatSeeThemselvesAlone_IsExact(string cell, BackwardPath path, bool documents)
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model(cell, I, H, O, 1, path);
        var streams = Streams(documents);
        var exact = Exact(model, streams);
        foreach (var options in new TruncatedBpttOptions[]
        {
            new() { ChunkLength = 1 }, new() { ChunkLength = 5 },
            new() { ChunkLength = 6, RandomLength = new() { HalfProbability = 0.3, StandardDeviation = 2, Minimum = 2 } },
        })
        {
            Expect.Close(exact, Sum(model, streams, options with { Online = OnlineGradient.SnAp1 }), 1e-12, $"{cell}, {options}");
        }

        Assert.True(Distance(exact, Sum(model, streams, new() { ChunkLength = 4 })) > 1e-3, "what is cut must matter, or nothing is shown");
    }

    [Theory]
    [MemberData(nameof(SmallNets))]
    public void Rtrl_AnyNet_IsExact(string cell, int layers)
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model(cell, 3, 4, O, layers);
        var streams = Streams(documents: true, inputSize: 3);
        Expect.Close(Exact(model, streams), Sum(model, streams, new() { ChunkLength = 5, Online = OnlineGradient.Rtrl }), 1e-11, cell);
    }

    // S by its definition: the blocks of each step's Jacobian, and what autograd gives within a step. A step's own way back is whole.
    [Theory]
    [InlineData("vanilla")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void SnAp1_OtherNets_KeepsOfEachStepWhatStaysInTheUnit(string name)
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model(name, I, H, O);
        var cell = (EquationCell)model.Recurrent.CellAt(0);
        var (input, target) = SampleStreams.Random(T, B, I, O);
        var parameters = model.named_parameters().Where(item => item.name.StartsWith("recurrent.", StringComparison.Ordinal)).ToDictionary(item => item.name, item => (Tensor)item.parameter);
        var parts = cell.StateSizes.Count;
        var expected = parameters.ToDictionary(item => item.Key, item => zeros_like(item.Value));
        var s = parameters.ToDictionary(item => item.Key, item => zeros([B, parts, .. item.Value.shape], dtype: ScalarType.Float64)); // [B, U, G·H, ·]
        var state = cell.ZeroState(B, ScalarType.Float64);
        for (var t = 0; t < T; t++)
        {
            var x = input[t];
            var jacobian = cell.Jacobian(x, state).detach().view(B, parts, H, parts, H).diagonal(0, 2, 4); // [B, U, U, H]
            var after = cell.Step(x, state.Detach());
            var before = parameters.ToDictionary(item => item.Key, item => s[item.Key]);
            foreach (var (key, parameter) in parameters)
            {
                var gates = parameter.size(0) / H;
                var within = stack(after.Select(part => stack(Enumerable.Range(0, B).Select(b => autograd.grad([part[b].sum()], [parameter], retain_graph: true)[0]), 0)), 1); // [B, U, G·H, ·]: a row belongs to one unit
                var old = before[key].view(B, 1, parts, gates, H, -1); // [B, 1, U, G, H, ·]
                s[key] = jacobian.view(B, parts, parts, 1, H, 1).mul(old).sum(2).view(s[key].shape).add(within);
            }

            var leaves = state.Map(part => part.detach().requires_grad_());
            var loss = Loss(nn.functional.linear(cell.Step(x, leaves).Hidden, model.get_parameter("readout.weight")!, model.get_parameter("readout.bias")!), target[t]);
            Tensor[] found = [.. autograd.grad([loss], [.. leaves, .. parameters.Values], retain_graph: true)];
            var dState = stack(found[..parts], 1); // [B, U, H]
            foreach (var ((key, parameter), own) in parameters.Zip(found[parts..]))
            {
                var rows = before[key].view(B, parts, parameter.size(0) / H, H, -1); // [B, U, G, H, ·]
                expected[key].add_(rows.mul(dState.view(B, parts, 1, H, 1)).sum([0, 1]).view(parameter.shape).add(own));
            }

            state = after.Detach();
        }

        model.zero_grad();
        var online = Sum(model, new TensorStreams(input, target), new() { ChunkLength = 1, Online = OnlineGradient.SnAp1 });
        Expect.Close(expected, parameters.Keys.ToDictionary(key => key, key => online[key]), 1e-12, name);
    }

    [Theory]
    [InlineData("indrnn")]
    [InlineData("lru")]
    public void SnAp1_InAStack_IsExactInTheLastLayerAndCutBelow(string cell)
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model(cell, I, H, O, 2);
        var streams = Streams(documents: false);
        var exact = Exact(model, streams);
        var (online, cut) = (Sum(model, streams, new() { ChunkLength = 4, Online = OnlineGradient.SnAp1 }), Sum(model, streams, new() { ChunkLength = 4 }));
        Expect.Close(Of("_l1"), Of("_l1", online), 1e-12, "the last layer");
        var (below, without) = (Distance(Of("_l0"), Of("_l0", online)), Distance(Of("_l0"), Of("_l0", cut)));
        Assert.InRange(below, 1e-6, 0.9 * without);

        Dictionary<string, Tensor> Of(string layer, Dictionary<string, Tensor>? all = null) =>
            (all ?? exact).Where(item => item.Key.EndsWith(layer, StringComparison.Ordinal)).ToDictionary();
    }

    [Theory]
    [InlineData(OnlineGradient.SnAp1)]
    [InlineData(OnlineGradient.Rtrl)]
    public void Tokens_AsOneHotVectors_AreExact(OnlineGradient online)
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("mingru", 11, 5, 11, encoding: InputEncoding.OneHot, dtype: ScalarType.Float64);
        var streams = new TokenStreams(Tokens.FromIds([.. Enumerable.Range(0, 47).Select(id => (long)(id * id % 11))]), 2);
        Tensor Entropy(Tensor output, Tensor target) => nn.functional.cross_entropy(output.flatten(0, 1), target.flatten(), reduction: nn.Reduction.Sum);
        ExactBptt.Backward(model, streams, Entropy);
        var exact = SampleStreams.TakeGradients(model);
        using var loader = new TruncatedBpttLoader(streams, new() { ChunkLength = 5, Online = online });
        foreach (var chunk in loader)
        {
            Gradient.Backward(Entropy(chunk.Run(model), chunk.Target));
        }

        Expect.Close(exact, SampleStreams.TakeGradients(model), 1e-12, "gradients");
    }

    [Fact]
    public void SnAp1_LongStream_KeepsItsMemoryAndIsExactOverTheFirstThousandSteps()
    {
        const int steps = 20_000;
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var net = new IndRnn(3, 5, recurrentBound: 1, dtype: ScalarType.Float64);
        var (input, cotangent) = SampleStreams.Random(steps, 2, 3, 5);
        ExactBptt.Backward(net, input.narrow(0, 0, 1000), cotangent.narrow(0, 0, 1000));
        var exact = SampleStreams.TakeGradients(net);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, cotangent), new() { ChunkLength = 500, Online = OnlineGradient.SnAp1 });
        var live = new Dictionary<long, long>();
        foreach (var chunk in loader)
        {
            using (NewDisposeScope())
            {
                Gradient.Backward(chunk.Run(net).mul(chunk.Target).sum());
            }

            var end = chunk.Start + chunk.Input.shape[0];
            live[end] = Expect.LiveTensors;
            if (end == 1000)
            {
                Expect.Close(exact, SampleStreams.TakeGradients(net), 1e-12, "the first thousand steps");
            }
        }

        Assert.Equal(live[1500], live[steps - 500]);
    }

    [Fact]
    public void Run_NetsThatItIsNotFor_AreRefusedWithTheReason()
    {
        using var scope = NewDisposeScope();
        using var loader = new TruncatedBpttLoader(new TensorStreams(randn(9, 2, 3), randn(9, 2, 4)), new() { ChunkLength = 3, Online = OnlineGradient.SnAp1 });
        using var all = new TruncatedBpttLoader(new TensorStreams(randn(9, 2, 64), randn(9, 2, 4)), new() { ChunkLength = 3, Online = OnlineGradient.Rtrl });
        using var lem = new Lem(3, 4);
        using var users = new Recurrent(64, (_, _, size) => new LeakyCell(size, 7));
        using var dropout = new Gru(3, 4, 2, dropout: 0.5);
        using var zoneout = new Gru(3, 4) { Zoneout = 0.1 };
        using var large = new Lstm(64, 128);
        using (var good = new Gru(3, 4))
        using (var other = new Gru(3, 5))
        {
            foreach (var chunk in loader)
            {
                Refused<NotSupportedException>("Online: expected indrnn, mingru, minlstm, lru, rg-lru, vanilla, lstm or gru for SnAp1, got a LemCell.", () => chunk.Run(lem));
                Refused<NotSupportedException>("Online: expected a net without dropout and zoneout, whose steps are run a second time, got one that draws.", () => chunk.Run(dropout));
                Refused<NotSupportedException>("Online: expected a net without dropout and zoneout, whose steps are run a second time, got one that draws.", () => chunk.Run(zoneout));
                Refused<InvalidOperationException>("Online: expected a model or a recurrent module of this library in chunk.Run, whose equations say what its state owes to its parameters, got a net that is run by hand or by a function.", () => chunk.Run(SampleStreams.Echo));
                if (chunk.Start == 3)
                {
                    Assert.StartsWith("Online: expected the net that ran the chunk before, or one of its sizes, with ∂s/∂θ of shapes [2, 1, 15, 3] and", Assert.Throws<InvalidOperationException>(() => chunk.Run(other)).Message);
                    break;
                }

                chunk.Run(good);
            }
        }

        foreach (var chunk in all)
        {
            Refused<NotSupportedException>("Online: expected cells of this library for Rtrl, got a LeakyCell.", () => chunk.Run(users));
            Refused<NotSupportedException>("Online: expected at most 16777216 numbers of ∂s/∂θ for Rtrl, got 50855936, of 2 sequences, 256 numbers of a state and 99328 parameters; take a smaller net, or SnAp1.", () => chunk.Run(large));
            break;
        }

        static void Refused<TException>(string message, Action action) where TException : Exception => Expect.Message<TException>(message, action);
    }

    [Fact]
    public void SnAp1_RecurrenceThatExplodes_SaysSo()
    {
        using var scope = NewDisposeScope();
        using var net = new IndRnn(1, 1);
        using (no_grad())
        {
            net.get_parameter("weight_ih_l0")!.fill_(1);
            net.get_parameter("weight_hh_l0")!.fill_(4);
        }

        var streams = new TensorStreams(ones(200, 1, 1), ones(200, 1, 1));
        var failure = Assert.Throws<InvalidOperationException>(() => Sum(net, streams, new() { ChunkLength = 20, Online = OnlineGradient.SnAp1 }));
        Assert.StartsWith("Online: expected ∂s/∂θ to stay finite", failure.Message);
    }

    [Theory]
    [InlineData(OnlineGradient.SnAp1)]
    [InlineData(OnlineGradient.Rtrl)]
    public void Loader_WhenDisposed_LeavesNothing(OnlineGradient online)
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(3, 4);
        var streams = new TensorStreams(randn(9, 2, 3), randn(9, 2, 4));
        _ = Sum(net, streams, new() { ChunkLength = 2, Online = online }); // gradients are there from now on
        var live = Expect.LiveTensors;
        using (NewDisposeScope())
        {
            using var loader = new TruncatedBpttLoader(streams, new() { ChunkLength = 2, Online = online });
            foreach (var chunk in loader)
            {
                using var inner = NewDisposeScope();
                chunk.Run(net); // a first time: what it leaves is freed
                Gradient.Backward(chunk.Run(net).sum());
                if (chunk.Start == 4)
                {
                    break;
                }
            }
        }

        Assert.Equal(live, Expect.LiveTensors);
    }

    private static TensorStreams Streams(bool documents, int inputSize = I)
    {
        var (input, target) = SampleStreams.Random(T, B, inputSize, O);
        return documents ? new TensorStreams(input, target, rand(T, B).lt(0.07)) : new TensorStreams(input, target);
    }

    private static Dictionary<string, Tensor> Exact(SequenceModel model, StreamSource streams)
    {
        ExactBptt.Backward(model, streams, Loss);
        return SampleStreams.TakeGradients(model);
    }

    private static Dictionary<string, Tensor> Sum(SequenceModel model, StreamSource streams, TruncatedBpttOptions options) =>
        Sum(model, streams, options, chunk => Loss(chunk.Run(model), chunk.Target));

    private static Dictionary<string, Tensor> Sum(IRecurrentModule net, StreamSource streams, TruncatedBpttOptions options) =>
        Sum((nn.Module)net, streams, options, chunk => chunk.Run(net).mul(chunk.Target).sum());

    private static Dictionary<string, Tensor> Sum(nn.Module module, StreamSource streams, TruncatedBpttOptions options, Func<Chunk, Tensor> loss)
    {
        using var loader = new TruncatedBpttLoader(streams, options);
        foreach (var chunk in loader)
        {
            using var scope = NewDisposeScope();
            Gradient.Backward(loss(chunk));
        }

        return SampleStreams.TakeGradients(module);
    }

    private static Tensor Loss(Tensor output, Tensor target) => nn.functional.mse_loss(output, target, nn.Reduction.Sum);

    private static double Distance(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> found) =>
        expected.Sum(item => item.Value.sub(found[item.Key]).abs().sum().item<double>());
}
