using RnnZoo.Cli;
using RnnZoo.Cli.Bench;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using RnnZoo.Zoo;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Zoo;

public class SafeTensorsPyTorchTests
{
    [SkippableFact]
    public async Task OurWeights_InPyTorchsLstmAndLinear_GiveTheSameLogits()
    {
        using var folder = new TemporaryFolder();
        using var model = SequenceModel.Create("lstm", 5, 13, 3, numLayers: 2);
        using (var generator = new Generator(3))
        {
            Initialisers.Orthogonal().Then(Initialisers.Chrono(17)).Apply(model, generator);
        }

        using var x = randn(17, 2, 5); // [T, B, I]
        var (weights, data, result) = (folder.File("weights"), folder.File("data"), folder.File("result"));
        model.SaveSafeTensors(weights);
        SafeTensors.Save(data, [new("x", x)]);

        await Python("run", weights, data, result, "5", "13", "2", "3");

        using var scope = NewDisposeScope();
        Expect.Close(SafeTensors.Load(result)["logits"], model.call(x).Output, 1e-5, "logits");
    }

    [SkippableFact]
    public async Task PyTorchsWeights_InOurLstm_GiveTheSameOutput()
    {
        using var folder = new TemporaryFolder();
        var (weights, data) = (folder.File("weights"), folder.File("data"));

        await Python("make", weights, data, "7");

        using var lstm = new Lstm(5, 11, 2, bidirectional: true);
        lstm.LoadSafeTensors(weights);
        using var scope = NewDisposeScope();
        var expected = SafeTensors.Load(data);
        var (output, h, c) = lstm.call(expected["x"], (expected["h0"], expected["c0"]));
        Expect.Close(expected["output"], output, 1e-5, "output");
        Expect.Close(expected["h"], h, 1e-5, "h");
        Expect.Close(expected["c"], c, 1e-5, "c");
        using var file = SafeTensorsFile.Open(weights);
        Assert.Equal("PyTorch", file.Metadata["made by"]);
    }

    [SkippableFact]
    public async Task EveryTypeAndShape_ThroughPyTorchAndBack_KeepsItsBits()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var saved = SafeTensorSamples.EveryTypeAndShape();
        SafeTensors.Save(folder.File("ours"), saved, new Dictionary<string, string> { ["é"] = "𝄞" });

        await Python("copy", folder.File("ours"), folder.File("theirs"));

        var loaded = SafeTensors.Load(folder.File("theirs"));
        Assert.Equal(saved.Keys.Order(), loaded.Keys.Order());
        Assert.All(saved, pair => SafeTensorSamples.SameBits(pair.Value, loaded[pair.Key], pair.Key));
        using var file = SafeTensorsFile.Open(folder.File("theirs"));
        Assert.Equal("𝄞", file.Metadata["é"]);
    }

    private static async Task Python(params string[] arguments)
    {
        using var worker = await PyTorchWorker.StartAsync(default);
        Skip.If(worker is null, "no Python with PyTorch on this machine (Debian: python3-torch)");
        var script = Path.Combine(Repository.Root, "tests", "RnnZoo.Tests", "Zoo", "safetensors_pytorch.py");
        await SelfProcess.RunAsync(worker.Interpreter, [script, .. arguments], null, default);
    }
}
