using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

public class SafeTensorsModuleTests
{
    [Theory]
    [InlineData("vanilla")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void SaveAndLoad_Model_GivesTheSameOutput(string cell)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("w.safetensors");
        using var saved = SequenceModel.Create(cell, 5, 11, 3, numLayers: 2);
        using var loaded = SequenceModel.Create(cell, 5, 11, 3, numLayers: 2);
        var x = randn(7, 2, 5); // [T, B, I]

        saved.SaveSafeTensors(path, new Dictionary<string, string> { ["by"] = "test" });
        var (missing, unexpected) = loaded.LoadSafeTensors(path);

        Assert.Equal((0, 0), (missing.Count, unexpected.Count));
        Assert.True(saved.call(x).Output.Equals(loaded.call(x).Output));
        using var file = SafeTensorsFile.Open(path);
        Assert.Equal(saved.state_dict().Keys, file.Entries.Select(entry => entry.Name));
        Assert.Equal("test", file.Metadata["by"]);
    }

    [Fact]
    public void Load_OtherElementType_IsConverted()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("w.safetensors");
        using var saved = new Lstm(3, 5, dtype: ScalarType.Float64);
        using var loaded = new Lstm(3, 5);

        saved.SaveSafeTensors(path);
        loaded.LoadSafeTensors(path);

        Assert.All(loaded.state_dict(), pair => Assert.True(pair.Value.Equals(saved.state_dict()[pair.Key].to(ScalarType.Float32))));
        Assert.All(loaded.parameters(), parameter => Assert.True(parameter.requires_grad && parameter.is_leaf));
    }

    [Fact]
    public void Load_OtherNames_AreRefusedUnlessNotStrict()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("w.safetensors");
        using var lstm = new Lstm(3, 5);
        SafeTensors.Save(path, [.. lstm.state_dict().Where(pair => pair.Key != "bias_hh_l0"), new("more", ones(1))]);
        var before = lstm.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());

        var problem = Assert.Throws<InvalidDataException>(() => lstm.LoadSafeTensors(path));
        var (missing, unexpected) = lstm.LoadSafeTensors(path, strict: false);

        Assert.Equal($"{path}: expected exactly the tensors of Lstm; missing: bias_hh_l0; unexpected: more.", problem.Message);
        Assert.Equal(["bias_hh_l0"], missing);
        Assert.Equal(["more"], unexpected);
        Assert.All(lstm.state_dict(), pair => Assert.True(pair.Value.Equals(before[pair.Key])));
    }

    [Fact]
    public void Load_TiedTensorsOfWhichTheFileHasOne_AreBothRead()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new TiedModel();
        SafeTensors.Save(folder.File("w.safetensors"), [new("embedding.weight", full(7, 5, 2.0f)), new("readout.bias", ones(7))]);

        model.LoadSafeTensors(folder.File("w.safetensors"));

        Assert.Equal(70, model.state_dict()["readout.weight"].sum().item<float>());
        var problem = Assert.Throws<InvalidDataException>(() => Load("readout.weight"));
        Assert.EndsWith("missing: readout.bias; unexpected: none.", problem.Message, StringComparison.Ordinal);

        void Load(string name)
        {
            SafeTensors.Save(folder.File("v.safetensors"), [new(name, full(7, 5, 2.0f))]);
            model.LoadSafeTensors(folder.File("v.safetensors"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Load_OtherShape_IsRefusedAndChangesNothing(bool strict)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("w.safetensors");
        using var lstm = new Lstm(3, 5);
        // [1, 5] would be broadcast to [20, 5] by a plain copy; it comes last.
        SafeTensors.Save(path, lstm.state_dict().OrderBy(pair => pair.Key == "weight_hh_l0").Select(pair =>
            new KeyValuePair<string, Tensor>(pair.Key, pair.Key == "weight_hh_l0" ? zeros(1, 5) : zeros_like(pair.Value))));
        var before = lstm.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());

        var problem = Assert.Throws<InvalidDataException>(() => lstm.LoadSafeTensors(path, strict));

        Assert.Equal($"{path}: weight_hh_l0: expected shape [20, 5], got [1, 5]; the file comes from a module of other sizes.", problem.Message);
        Assert.All(lstm.state_dict(), pair => Assert.True(pair.Value.Equals(before[pair.Key])));
    }
}
