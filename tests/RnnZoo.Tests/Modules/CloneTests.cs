using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>A clone is the same net, and another.</summary>
public sealed class CloneTests
{
    private const long T = 7;
    private const long B = 3;
    private const long I = 5;
    private const long H = 11;
    private const string BoundedNet = "indrnn with a bound";
    private const string OwnCell = "own cell";

    public static TheoryData<string> Nets() => [.. TestNets.Names, "irnn", BoundedNet, OwnCell];

    [Theory]
    [MemberData(nameof(Nets))]
    public void Clone_Trained_LeavesTheOriginalBitEqual(string name)
    {
        using var scope = NewDisposeScope();
        var original = Make(name);
        using var net = (nn.Module)original;
        var x = randn(B, T, I, dtype: ScalarType.Float64);
        var output = original.Run(x).Output;
        var weights = Copies(net);

        var clone = original.Clone();
        using var copy = (nn.Module)clone;
        Assert.Equal(Settings(original), Settings(clone));
        Expect.Close(weights, copy.state_dict(), 0, "the clone's weights");
        Expect.Close(output, clone.Run(x).Output, 0, "the clone's output");

        using var sgd = optim.SGD(copy.parameters(), 0.1);
        Gradient.Backward(clone.Run(x).Output.square().sum());
        sgd.step();
        Assert.All(copy.named_parameters(), item => Assert.NotEqual(0, item.Item2.sub(weights[item.Item1]).abs().max().item<double>()));
        Assert.All(net.parameters(), parameter => Assert.Null(parameter.grad));
        Expect.Close(weights, net.state_dict(), 0, "the original's weights");
        Expect.Close(output, original.Run(x).Output, 0, "the original's output");
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Clone_MadeInAScope_OutlivesItAndTheOriginal_AndFreesAll(string name)
    {
        var before = Expect.LiveTensors;
        IRecurrentModule clone;
        long owned;
        using (var original = (nn.Module)Make(name))
        {
            owned = Expect.LiveTensors - before;
            using var scope = NewDisposeScope();
            clone = ((IRecurrentModule)original).Clone();
        }

        Assert.Equal(before + owned, Expect.LiveTensors);
        using ((nn.Module)clone)
        using (NewDisposeScope())
        using (no_grad())
        {
            clone.Run(randn(B, T, I, dtype: ScalarType.Float64));
        }

        Assert.Equal(before, Expect.LiveTensors);
    }

    [Theory]
    [InlineData(true, BackwardPath.Native)]
    [InlineData(false, BackwardPath.HandWritten)]
    public void Clone_HasPathModeTypeAndFrozenParameters(bool training, BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(I, H, bias: false) { Backward = path };
        net.to(ScalarType.Float64).train(training);
        net.get_parameter("weight_hh_l0")!.requires_grad = false;
        using Gru clone = net.Clone();
        Assert.Equal((path, training), (clone.Backward, clone.training));
        Assert.Equal(["weight_hh_l0"], clone.named_parameters().Where(item => !item.parameter.requires_grad).Select(item => item.name));
        Assert.All(clone.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        Assert.Equal([T, B, H], clone.call(randn(T, B, I, dtype: ScalarType.Float64)).Item1.shape);
    }

    [Fact]
    public void Clone_LeavesTorchsGenerator_AndTracesAndHooksBehind()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(I, H);
        using var trace = GradientTrace.Attach(net);
        var calls = 0;
        net.register_forward_hook((_, _, _, result) =>
        {
            calls++;
            return result;
        });
        manual_seed(3);
        var expected = randn(5);
        manual_seed(3);
        using var clone = net.Clone();
        Expect.Close(expected, randn(5), 0, "torch's generator");
        clone.Backward = BackwardPath.Native; // which a trace would refuse
        clone.call(randn(T, B, I));
        Assert.Equal(0, calls);
    }

    [Theory]
    [InlineData(InputEncoding.Features)]
    [InlineData(InputEncoding.OneHot)]
    [InlineData(InputEncoding.Embedding)]
    public void SequenceModel_Cloned_IsEqualAndIndependent(InputEncoding encoding)
    {
        var before = Expect.LiveTensors;
        using (var model = SequenceModel.Create("lstm", 13, H, 2, numLayers: 2, encoding, embeddingSize: 5, dropout: 0.5, dtype: ScalarType.Float64))
        using (NewDisposeScope())
        {
            ((nn.Module)model.Recurrent).eval(); // in a model that trains
            model.get_parameter("readout.bias")!.requires_grad = false;
            model.Backward = BackwardPath.Autograd;
            var x = encoding == InputEncoding.Features ? randn(T, B, 13, dtype: ScalarType.Float64) : randint(13, [T, B]);
            var (output, weights) = (model.call(x).Output, Copies(model));
            SequenceModel clone;
            using (NewDisposeScope())
            {
                clone = model.Clone();
            }

            using (clone)
            {
                Assert.Equal((encoding, 2, BackwardPath.Autograd), (clone.Encoding, clone.OutputSize, clone.Backward));
                Assert.Equal((true, false), (clone.training, ((nn.Module)clone.Recurrent).training));
                Assert.False(clone.get_parameter("readout.bias")!.requires_grad);
                Expect.Close(output, clone.call(x).Output, 0, "output");
                using var sgd = optim.SGD(clone.parameters(), 0.1);
                clone.call(x).Output.square().sum().backward();
                sgd.step();
                Expect.Close(weights, model.state_dict(), 0, "the original's weights");
                Expect.Close(output, model.call(x).Output, 0, "the original's output");
            }
        }

        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public void Recurrent_FactoryThatGivesTheSameCell_IsRefused_AndTheNetLives()
    {
        using var scope = NewDisposeScope();
        var cell = new LeakyCell(I, H);
        using var net = new Recurrent(I, (_, _, _) => cell);
        Expect.Message<InvalidOperationException>(
            "Clone: expected new cells with parameters of their own, got some of Recurrent itself; make them inside the factory.",
            () => net.Clone());
        Assert.Equal([T, B, H], net.call(randn(T, B, I, dtype: ScalarType.Float64)).Output.shape);
    }

    [Fact]
    public void Recurrent_FactoryThatGivesOtherCells_IsRefused_AndNothingIsLeft()
    {
        var hidden = H;
        using var net = new Recurrent(I, (_, _, size) => new GruCell(size, hidden, bias: false));
        var before = Expect.LiveTensors;
        hidden = 2;
        Expect.Message<InvalidOperationException>(
            "Clone: expected a net with weight_hh_l0 [33, 11] Float32, weight_ih_l0 [33, 5] Float32, got one with weight_hh_l0 [6, 2] Float32, weight_ih_l0 [6, 5] Float32; the factory has to make the same cells whenever it is called.",
            () => net.Clone());
        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public void Disposed_Throws()
    {
        var net = new MinGru(I, H);
        net.Dispose();
        Assert.Throws<ObjectDisposedException>(() => net.Clone());
    }

    // Made in float32, but for the cells of one's own, and then converted; dropout rests.
    private static IRecurrentModule Make(string name)
    {
        var options = new NetOptions(I, H, NumLayers: 2) { Bidirectional = true, BatchFirst = true, Dropout = 0.25, Bias = name == "gru", DType = ScalarType.Float32 };
        IRecurrentModule net = name switch
        {
            BoundedNet => new IndRnn(I, H, numLayers: 2, recurrentBound: 0.5, batchFirst: true, dropout: 0.25, bidirectional: true),
            OwnCell => new Recurrent(I, (_, _, size) => new LeakyCell(size, H), numLayers: 2, batchFirst: true, dropout: 0.25, bidirectional: true),
            _ => TestNets.Make(name, name == "irnn" ? options with { Bias = true } : options),
        };
        ((nn.Module)net).@double().eval();
        return net;
    }

    private static object Settings(IRecurrentModule net) =>
        (net.GetType(), (net.InputSize, net.HiddenSize, net.NumLayers, net.NumDirections, net.BatchFirst, net.Dropout), net.Backward, ((nn.Module)net).training,
            (net as VanillaRnn)?.Activation, (net as IndRnn)?.RecurrentBound);

    private static Dictionary<string, Tensor> Copies(nn.Module net) =>
        net.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone());
}
