using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Saving, loading, and what does not fit.</summary>
public class ModuleSaveTests
{
    [Fact]
    public void SaveAndLoad_ThroughFileStreamAndWriter_RestoreEveryBit()
    {
        using var source = new OddNet();
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid() + ".dat");
        try
        {
            source.save(path);
            using var fromFile = new OddNet();
            fromFile.load(path);
            Same(source, fromFile);
            using OddNet created = (OddNet)nn.Module.Create<OddNet>(path);
            Same(source, created);
            Assert.Throws<FileNotFoundException>(() => fromFile.load(path + ".missing"));
        }
        finally
        {
            File.Delete(path);
        }

        using var stream = new MemoryStream();
        var writer = new BinaryWriter(stream);
        source.save(writer);
        stream.Position = 0;
        using var fromReader = new OddNet();
        fromReader.load(new BinaryReader(stream));
        Same(source, fromReader);
        stream.Position = 0;
        using var fromStream = new OddNet();
        fromStream.load(stream);
        Same(source, fromStream);
    }

    [Fact]
    public void Load_WithSkip_LeavesThoseAlone_AndReportsWhatWasLoaded()
    {
        using Linear source = nn.Linear(3, 2);
        using Linear target = nn.Linear(3, 2);
        using Tensor before = target.bias!.detach().clone();
        var loaded = new Dictionary<string, bool>();
        target.load(new MemoryStream(Bytes(source)), skip: ["bias"], loadedParameters: loaded);
        Expect.Same(source.weight, target.weight);
        Expect.Same(before, target.bias);
        Assert.Equal(new Dictionary<string, bool> { ["weight"] = true, ["bias"] = false }, loaded);
    }

    [Fact]
    public void Load_OfOtherNames_ThrowsWhenStrict_TakesWhatFitsOtherwise()
    {
        using Linear source = nn.Linear(3, 2);
        using Linear plain = nn.Linear(3, 2, hasBias: false);
        byte[] bytes = Bytes(source);
        Assert.Contains("2 entries", Assert.Throws<ArgumentException>(() => plain.load(new MemoryStream(bytes))).Message);
        var loaded = new Dictionary<string, bool>();
        plain.load(new MemoryStream(bytes), strict: false, loadedParameters: loaded);
        Expect.Same(source.weight, plain.weight);
        Assert.Equal(new Dictionary<string, bool> { ["weight"] = true, ["bias"] = false }, loaded);
        using Sequential renamed = nn.Sequential(nn.Linear(3, 2));
        Assert.Contains("'weight'", Assert.Throws<ArgumentException>(() => renamed.load(new MemoryStream(bytes))).Message);
    }

    [Fact]
    public void Load_OfOtherShapeOrType_ThrowsAndNamesTheEntry()
    {
        using Linear source = nn.Linear(3, 2);
        byte[] bytes = Bytes(source);
        using Linear wide = nn.Linear(3, 5);
        Assert.Contains("'weight'", Assert.Throws<ArgumentException>(() => wide.load(new MemoryStream(bytes))).Message);
        using Linear precise = nn.Linear(3, 2, dtype: float64);
        Assert.Contains("'weight'", Assert.Throws<ArgumentException>(() => precise.load(new MemoryStream(bytes))).Message);
        Assert.ThrowsAny<IOException>(() => source.load(new MemoryStream(bytes[..^3])));
    }

    [Fact]
    public void LoadStateDict_CopiesWithBroadcasting_AndConvertsTypes()
    {
        using var scope = NewDisposeScope();
        using Linear module = nn.Linear(3, 2);
        module.load_state_dict(new() { ["weight"] = full([1, 3], 7), ["bias"] = tensor(new[] { 1.5, 2.5 }) });
        Expect.Same(full([2, 3], 7f), module.weight);
        Expect.Same(tensor(new[] { 1.5f, 2.5f }), module.bias);
        Assert.True(module.weight.requires_grad && module.weight.is_leaf);
    }

    [Fact]
    public void LoadStateDict_OfOtherNamesOrShapes_ThrowsAndNamesThem()
    {
        using var scope = NewDisposeScope();
        using Linear module = nn.Linear(3, 2);
        var wrong = new Dictionary<string, Tensor> { ["weight"] = zeros(2, 3), ["biass"] = zeros(2) };
        string message = Assert.Throws<InvalidOperationException>(() => module.load_state_dict(wrong)).Message;
        Assert.Contains("missing: [bias]", message);
        Assert.Contains("unexpected: [biass]", message);
        (IList<string> missing, IList<string> unexpected) = module.load_state_dict(wrong, strict: false);
        Assert.Equal(["bias"], missing);
        Assert.Equal(["biass"], unexpected);
        Assert.Equal(0, module.weight.abs().sum().item<float>());
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => module.load_state_dict(new() { ["weight"] = zeros(3, 2), ["bias"] = zeros(2) }));
        Assert.Contains("[3, 2]", error.Message);
        Assert.Contains("[2, 3]", error.Message);
    }

    [Fact]
    public void NonPersistentBuffers_AreMoved_ButNotSaved()
    {
        using var net = new OddNet();
        net.register_buffer("scratch", zeros(5), persistent: false);
        Assert.DoesNotContain("scratch", net.state_dict().Keys);
        Assert.Contains("scratch", net.named_buffers().Select(entry => entry.name));
        Assert.DoesNotContain("scratch", net.named_buffers(include_nonpersistent: false).Select(entry => entry.name));
        net.@double();
        Assert.Equal(float64, net.get_buffer("scratch")!.dtype);
    }

    private static byte[] Bytes(nn.Module module)
    {
        using var stream = new MemoryStream();
        module.save(stream);
        return stream.ToArray();
    }

    private static void Same(nn.Module expected, nn.Module actual)
    {
        Dictionary<string, Tensor> left = expected.state_dict();
        Dictionary<string, Tensor> right = actual.state_dict();
        Assert.Equal(left.Keys, right.Keys);
        foreach (string key in left.Keys)
        {
            Expect.Same(left[key], right[key], key);
        }
    }
}
