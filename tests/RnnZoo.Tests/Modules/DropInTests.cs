using RnnZoo.Cells;
using RnnZoo.Modules;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>A drop-in takes the place of torch.nn's module by changing one line.</summary>
public sealed class DropInTests
{
    [Fact]
    public void Lstm_InAUsersModule_SameKeysValuesAndOutputs()
    {
        using var scope = NewDisposeScope();
        using var theirs = Seeded(() => new Tagger(nn.LSTM(5, 11, numLayers: 2, bidirectional: true)));
        using var ours = Seeded(() => new Tagger(new Lstm(5, 11, numLayers: 2, bidirectional: true)));
        Assert.Equal(theirs.state_dict().Keys, ours.state_dict().Keys);
        Expect.Close(theirs.state_dict(), ours.state_dict(), 0, "initial values");
        var x = randn(7, 3, 5);
        Expect.Close(theirs.call(x), ours.call(x), 1e-6, "output");
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("RELU")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void SameSeed_SameInitialValuesAsNative(string name)
    {
        using var scope = NewDisposeScope();
        var net = new NetCase(name, Layers: 2, Bidirectional: true);
        using var theirs = Seeded(() => net.Native(ScalarType.Float32));
        using var ours = Seeded(() => net.Ours(BackwardPath.Auto, ScalarType.Float32));
        Assert.Equal(theirs.Module.named_parameters().Select(item => item.Item1), ours.Module.named_parameters().Select(item => item.Item1));
        Expect.Close(theirs.Module.state_dict(), ours.Module.state_dict(), 0, name);
    }

    [Fact]
    public void LinearActivation_SameSeed_SameInitialValuesAsNative()
    {
        using var scope = NewDisposeScope();
        using var theirs = Seeded(() => nn.RNN(5, 11, 2, bidirectional: true));
        using var ours = Seeded(() => new VanillaRnn(5, 11, 2, Activation.Linear, bidirectional: true));
        Expect.Close(theirs.state_dict(), ours.state_dict(), 0, "linear");
    }

    [Fact]
    public void Assignable_ToTheBaseClassesOfTorchModules()
    {
        using nn.Module<Tensor, Tensor, (Tensor, Tensor)> rnn = new VanillaRnn(2, 3);
        using nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)> lstm = new Lstm(2, 3);
        using nn.Module<Tensor, Tensor, (Tensor, Tensor)> gru = new Gru(2, 3);
        ((VanillaRnn)rnn).flatten_parameters();
        ((Lstm)lstm).flatten_parameters();
        ((Gru)gru).flatten_parameters();
        Assert.Equal(4, lstm.parameters().Count());
        Assert.False(lstm.named_children().Any());
    }

    [Fact]
    public void ForwardHook_FiresOncePerCallAndNotOnForward()
    {
        using var scope = NewDisposeScope();
        using var gru = new Gru(2, 3);
        var fired = 0;
        gru.register_forward_hook((_, _, _, result) =>
        {
            fired++;
            return result;
        });
        var x = zeros(5, 1, 2);
        gru.call(x);
        gru.Run(x);
        Assert.Equal(2, fired);
        gru.forward(x);
        Assert.Equal(2, fired);
    }

    [Fact]
    public void Train_OfTheParent_ReachesTheNativePathAndTheCells()
    {
        using var scope = NewDisposeScope();
        var lstm = new Lstm(5, 11, numLayers: 2, dropout: 0.5);
        using var model = new Tagger(lstm);
        var x = randn(7, 3, 5);
        foreach (var path in new[] { BackwardPath.Native, BackwardPath.Autograd })
        {
            lstm.Backward = path;
            model.eval();
            Expect.Close(model.call(x), model.call(x), 0, $"{path}: eval is deterministic");
            model.train();
            Assert.NotEqual(0, model.call(x).sub(model.call(x)).abs().max().item<float>());
        }
    }

    [Theory]
    [InlineData(BackwardPath.Auto)]
    [InlineData(BackwardPath.HandWritten)]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.Native)]
    public void FinalState_CanBeDetachedAndChangedInPlace(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var lstm = new Lstm(2, 3) { Backward = path };
        using var gru = new Gru(2, 3) { Backward = path };
        var x = randn(4, 5, 2);

        using (no_grad())
        {
            lstm.call(x).Item2.detach_();
        }

        Assert.False(gru.call(x).Item2.detach_().requires_grad);
        var (_, h, c) = lstm.call(x);
        var kept = (c * c).sum();
        h.mul_(zeros_like(h)); // no part of the graph needs what it was
        (kept + h.sum()).backward();
        Assert.NotEqual(0, lstm.parameters().First().grad!.abs().sum().item<float>());
    }

    private static T Seeded<T>(Func<T> make)
    {
        manual_seed(42);
        return make();
    }

    private sealed class Tagger : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)> lstm;
        private readonly Linear readout = nn.Linear(22, 2);

        public Tagger(nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)> net) : base(nameof(Tagger))
        {
            lstm = net;
            readout = nn.Linear(net is Lstm { NumDirections: 1 } ? 11 : 22, 2);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => readout.call(lstm.call(x, null).Item1);
    }
}
