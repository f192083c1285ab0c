using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Weights travel between the drop-ins and torch.nn, in memory and through files.</summary>
public sealed class StateDictTests
{
    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void LoadStateDict_OfOurs_IntoNative_SameOutputs(string name)
    {
        using var scope = NewDisposeScope();
        var net = new NetCase(name, Layers: 2, Bidirectional: true);
        using var ours = net.Ours(BackwardPath.Autograd);
        using var native = net.Native();
        var (missing, unexpected) = native.Module.load_state_dict(ours.Module.state_dict());
        Assert.Empty(missing);
        Assert.Empty(unexpected);
        var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        Expect.Close(ours.Run(x, [])[0], native.Run(x, [])[0], 1e-12, name);
    }

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void SaveAndLoad_ThroughNativesFile_BothWays(string name)
    {
        using var scope = NewDisposeScope();
        var net = new NetCase(name, Layers: 2, Bias: false);
        var file = Path.GetTempFileName();
        try
        {
            using var first = net.Ours(BackwardPath.Autograd);
            using var native = net.Native();
            using var last = net.Ours(BackwardPath.Native);
            first.Module.save(file);
            native.Module.load(file);
            native.Module.save(file);
            last.Module.load(file);
            Expect.Close(first.Module.state_dict(), last.Module.state_dict(), 0, name);
            var x = randn(7, 3, 5, dtype: ScalarType.Float64);
            Expect.Close(first.Run(x, [])[0], last.Run(x, [])[0], 1e-12, name);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void LoadStateDict_ChangesBothPathsAtOnce()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, dtype: ScalarType.Float64);
        using var other = new Lstm(5, 11, dtype: ScalarType.Float64);
        net.load_state_dict(other.state_dict());
        var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        var expected = other.call(x).Item1;
        foreach (var path in new[] { BackwardPath.Native, BackwardPath.Autograd })
        {
            net.Backward = path;
            Expect.Close(expected, net.call(x).Item1, 1e-12, path.ToString());
        }
    }

    [Fact]
    public void LoadStateDict_BroadcastableShape_ThrowsAndChangesNothing()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11);
        var source = net.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone());
        var before = source["weight_ih_l0"].clone();
        source["weight_ih_l0"] = ones(33, 5);
        source["bias_hh_l0"] = ones(1);
        Expect.Message<ArgumentException>(
            "bias_hh_l0: expected shape [33], got [1]; the state dict comes from a module of other sizes.",
            () => net.load_state_dict(source));
        Expect.Close(before, net.get_parameter("weight_ih_l0")!, 0, "weight_ih_l0");
    }

    [Fact]
    public void LoadStateDict_OtherKeys_NamesThem_AndChangesNothing()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11);
        var source = net.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone().zero_());
        source.Remove("bias_hh_l0");
        source["bias_hh"] = ones(33);
        Expect.Message<InvalidOperationException>(
            "source: expected exactly the keys of Gru; missing: bias_hh_l0; unexpected: bias_hh. Give strict: false to load those that both have.",
            () => net.load_state_dict(source));
        Assert.NotEqual(0, net.get_parameter("weight_ih_l0")!.abs().max().item<float>());
        var (missing, unexpected) = net.load_state_dict(source, strict: false);
        Assert.Equal(["bias_hh_l0"], missing);
        Assert.Equal(["bias_hh"], unexpected);
        Assert.Equal(0, net.get_parameter("weight_ih_l0")!.abs().max().item<float>());
    }

    [Fact]
    public void LoadStateDict_KeysInAnotherOrder_AreLoaded()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11);
        var source = net.state_dict().Reverse().ToDictionary(item => item.Key, item => item.Value.detach().clone().zero_());
        net.load_state_dict(source);
        Assert.Equal(0, net.get_parameter("weight_ih_l0")!.abs().max().item<float>());
    }

    [Fact]
    public void LoadStateDict_SkippedKey_IsNotChecked()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11);
        var source = net.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone());
        source["bias_hh_l0"] = ones(1);
        net.load_state_dict(source, skip: ["bias_hh_l0"]);
    }

    [Fact]
    public void LoadStateDict_OfAModel_ChecksEveryPart()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("lstm", 5, 11, 2);
        var source = model.state_dict().ToDictionary(item => item.Key, item => item.Value.detach().clone());
        source["readout.bias"] = ones(1);
        Expect.Message<ArgumentException>(
            "readout.bias: expected shape [2], got [1]; the state dict comes from a module of other sizes.",
            () => model.load_state_dict(source));
    }
}
