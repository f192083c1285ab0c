using System.Collections;
using System.Runtime.InteropServices;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using RnnZoo.Verification;
using TorchSharp;
using TorchSharp.PyBridge;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

/// <summary>Files of torch.save, read and written by TorchSharp.PyBridge; see docs/importing.md.</summary>
public sealed class PyTorchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void FileOfPyTorch_InOurLstm_GivesPyTorchsOutputs()
    {
        using var scope = NewDisposeScope();
        var pytorch = PyTorchCase.Read(Case("lstm-one-step.json"));
        using var lstm = new Lstm(pytorch.InputSize, pytorch.HiddenSize, dtype: ScalarType.Float64);

        lstm.load_state_dict(Read(Case("lstm-one-step.pth")));

        Tensor Input(string name) => pytorch.Inputs[name].ToTensor();
        var (output, h, c) = lstm.call(Input("input"), (Input("h0"), Input("c0")));
        Expect.Close(pytorch.Outputs["output"].ToTensor(), output, 1e-12, "output");
        Expect.Close(pytorch.Outputs["hn"].ToTensor(), h, 1e-12, "h");
        Expect.Close(pytorch.Outputs["cn"].ToTensor(), c, 1e-12, "c");
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void File_OfNativeNet_InOurs_AndBack_KeepsKeysAndBits(string name)
    {
        using var scope = NewDisposeScope();
        var net = new NetCase(name, Layers: 2, Bidirectional: true, H: 131); // the largest weight is longer than one read of a zip file
        using var native = net.Native();
        using var ours = net.Ours(BackwardPath.HandWritten);
        using var back = net.Native();
        var (theirs, written) = (_folder.File("theirs.pth"), _folder.File("ours.pth"));

        native.Module.save_py(theirs);
        ours.Module.load_state_dict(Read(theirs));
        ours.Module.save_py(written);
        back.Module.load_py(written);

        Expect.Close(native.Module.state_dict(), Read(written), 0, name);
        Expect.Close(native.Module.state_dict(), back.Module.state_dict(), 0, name);
        var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        Expect.Close(native.Run(x, [])[0], ours.Run(x, [])[0], 1e-12, name);
    }

    [Fact]
    public void File_OfAnotherNet_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        var weights = Read(Case("lstm-one-step.pth")); // I = 2, H = 5

        using var wider = new Lstm(3, 5);
        Expect.Message<ArgumentException>(
            "weight_ih_l0: expected shape [20, 3], got [20, 2]; the state dict comes from a module of other sizes.",
            () => wider.load_state_dict(weights));
        using var deeper = new Lstm(2, 5, numLayers: 2);
        Expect.Message<InvalidOperationException>(
            "source: expected exactly the keys of Lstm; missing: weight_ih_l1, weight_hh_l1, bias_ih_l1, bias_hh_l1; unexpected: none. Give strict: false to load those that both have.",
            () => deeper.load_state_dict(weights));
    }

    [Fact]
    public void LoadPy_ComparesNoShapes()
    {
        using var scope = NewDisposeScope();
        using var wider = new Lstm(2, 7, dtype: ScalarType.Float64);
        var before = wider.state_dict()["bias_hh_l0"].clone();

        wider.load_py(Case("lstm-one-step.pth"));

        var changed = before.ne(wider.state_dict()["bias_hh_l0"]);
        Assert.True(changed[..20].all().ToBoolean());
        Assert.False(changed[20..].any().ToBoolean());
    }

    [Fact]
    public void FileWithOneBlockForAllWeights_IsNotReadWrongly()
    {
        Assert.Throws<ExternalException>(() => Read(Case("lstm-one-step-block.pth")));
    }

    public void Dispose() => _folder.Dispose();

    private static Dictionary<string, Tensor> Read(string file) => PyTorchUnpickler.UnpickleStateDict(file)
        .Cast<DictionaryEntry>().ToDictionary(weight => (string)weight.Key, weight => (Tensor)weight.Value!);

    private static string Case(string name) => Path.Combine(Repository.Root, "tests", "RnnZoo.Tests", "PyTorchCases", name);
}
