using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using TorchSharp.PyBridge;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

/// <summary>safetensors files against a reader and writer that are not ours, with TorchSharp's own modules on their side.</summary>
public sealed class SafeTensorsPyBridgeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void OurWeights_InTheNativeLstmAndLinear_GiveTheSameLogits()
    {
        using var model = SequenceModel.Create("lstm", 5, 13, 3, numLayers: 2);
        using (var generator = new Generator(3))
        {
            Initialisers.Orthogonal().Then(Initialisers.Chrono(17)).Apply(model, generator);
        }

        var file = _folder.File("weights");
        model.SaveSafeTensors(file);

        using var scope = NewDisposeScope();
        using var theirs = new Net();
        theirs.load_safetensors(file);
        var x = randn(17, 2, 5); // [T, B, I]
        Expect.Close(theirs.forward(x), model.call(x).Output, 1e-5, "logits");
    }

    [Fact]
    public void NativeWeights_InOurLstm_GiveTheSameOutput()
    {
        using var scope = NewDisposeScope();
        using var theirs = nn.LSTM(5, 11, 2, bidirectional: true);
        var file = _folder.File("weights");
        theirs.save_safetensors(file);

        using var lstm = new Lstm(5, 11, 2, bidirectional: true);
        lstm.LoadSafeTensors(file);
        var (x, h0, c0) = (randn(7, 3, 5), randn(4, 3, 11), randn(4, 3, 11));
        var (expected, actual) = (theirs.call(x, (h0, c0)), lstm.call(x, (h0, c0)));
        Expect.Close(expected.Item1, actual.Item1, 1e-5, "output");
        Expect.Close(expected.Item2, actual.Item2, 1e-5, "h");
        Expect.Close(expected.Item3, actual.Item3, 1e-5, "c");
    }

    [Fact]
    public void EveryTypeAndShape_ReadByTheOtherReader_KeepsItsBits()
    {
        using var scope = NewDisposeScope();
        var saved = SafeTensorSamples.EveryTypeAndShape();
        SafeTensors.Save(_folder.File("ours"), saved);

        var theirs = Safetensors.LoadStateDict(_folder.File("ours"));

        Assert.Equal(saved.Keys.Order(), theirs.Keys.Order());
        Assert.All(saved, pair => SafeTensorSamples.SameBits(pair.Value, theirs[pair.Key], pair.Key));
    }

    public void Dispose() => _folder.Dispose();

    private sealed class Net : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.LSTM recurrent = nn.LSTM(5, 13, 2);
        private readonly TorchSharp.Modules.Linear readout = nn.Linear(13, 3);

        public Net() : base(nameof(Net)) => RegisterComponents();

        public override Tensor forward(Tensor input) => readout.call(recurrent.call(input).Item1);
    }
}
