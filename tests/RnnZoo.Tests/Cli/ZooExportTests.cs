using System.Text.Json;
using RnnZoo.Cli;
using RnnZoo.Cli.Commands;
using RnnZoo.Tests.Modules;
using RnnZoo.Tests.Zoo;
using RnnZoo.Zoo;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cli;

public class ZooExportTests(TrainedTinyModels trained) : IClassFixture<TrainedTinyModels>
{
    [Fact]
    public async Task Onnx_OfOneModel_IsThatFile()
    {
        using var folder = trained.Copy();

        var run = await CliRun.Of(folder.Path, $"zoo export {TinyModels.Copy} --models models --onnx copy.onnx");

        Assert.Equal((ExitCodes.Success, folder.File("copy.onnx"), ""), (run.ExitCode, run.Output.Trim(), run.Error));
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var model = new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).Load();
        using var file = new OnnxRuntimeNet(folder.File("copy.onnx"));
        var x = randn(7, 3, 10);
        Expect.Close(model.Net.call(x).Output, file.call(x, null).Output, 1e-5, "output");
    }

    [Fact]
    public async Task Onnx_OfAllModelsWithCheck_MeasuresWhatVerifyMeasures_ByBoth()
    {
        using var folder = trained.Copy();

        var run = await CliRun.Of(folder.Path, "zoo export --models models --onnx out --check --json");
        var verified = await CliRun.Of(folder.Path, "zoo verify --models models --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.True(run.Json.GetProperty("passed").GetBoolean());
        Assert.Equal("1.31.1", run.Json.GetProperty("onnxRuntime").GetString());
        var models = run.Json.GetProperty("models").EnumerateArray().ToArray();
        Assert.Equal([TinyModels.Text, TinyModels.Copy], models.Select(model => model.GetProperty("name").GetString()));
        Assert.All(models, model => Assert.InRange(model.GetProperty("difference").GetDouble(), 1e-12, 1e-5)); // others' roundings, not our own
        Assert.All(models, model => Assert.Equal(Path.Combine(folder.File("out"), $"{model.GetProperty("name").GetString()}.onnx"), model.GetProperty("file").GetString()));
        Assert.All(models, model => Assert.True(File.Exists(model.GetProperty("file").GetString())));
        var metrics = models.SelectMany(model => model.GetProperty("metrics").EnumerateArray()).ToArray();
        Assert.Equal(["bitsPerCharacter", "recall", "loss"], metrics.Select(metric => metric.GetProperty("metric").GetString()));
        Assert.Equal(verified.Json.GetProperty("models").EnumerateArray().Select(row => Number(row, "measured")), metrics.Select(metric => Number(metric, "torchSharp")));
        Assert.All(metrics, metric => Assert.InRange(Number(metric, "onnxRuntime"), Number(metric, "torchSharp") - Number(metric, "tolerance"), Number(metric, "torchSharp") + Number(metric, "tolerance")));
    }

    [Fact]
    public async Task Onnx_CheckForPeople_IsATable()
    {
        using var folder = trained.Copy();

        var run = await CliRun.Of(folder.Path, $"zoo export {TinyModels.Text} --models models --onnx text.onnx --check");

        Assert.Matches($@"{TinyModels.Text}[ │]+bitsPerCharacter[ │]+\d\.\d+[ │]+\d\.\d+[ │]+0\.000100[ │]+\d\.\de-\d[ │]+passed", run.Output);
    }

    [Fact]
    public async Task Onnx_WhereOneModelIsBroken_WritesTheOthersAndFails()
    {
        using var folder = trained.Copy();
        TinyModels.Write(folder.File("models"), "untrained", TinyModels.CopyRecipe.Replace(TinyModels.Copy, "untrained", StringComparison.Ordinal));

        var run = await CliRun.Of(folder.Path, "zoo export --models models --onnx out");

        Assert.Equal(ExitCodes.Failure, run.ExitCode);
        Assert.StartsWith("untrained: ", run.Error, StringComparison.Ordinal);
        Assert.Equal(
            new[] { TinyModels.Text, TinyModels.Copy }.Select(name => Path.Combine(folder.File("out"), $"{name}.onnx")),
            run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(folder.File("out")).Count());
    }

    [Fact]
    public async Task Onnx_NoModels_Fails()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("models"));

        var run = await CliRun.Of(folder.Path, "zoo export --models models --onnx out --json");

        Assert.Equal((ExitCodes.Failure, "zoo export: expected at least one model, found none."), (run.ExitCode, run.Error.Trim()));
        Assert.False(run.Json.GetProperty("passed").GetBoolean());
    }

    [Theory]
    [InlineData($"zoo export {TinyModels.Copy} --models models --check", "--check: expected --onnx PATH beside it, got none; weights are what they are.")]
    [InlineData($"zoo export {TinyModels.Copy} --models models --onnx a.onnx --output b", "--output: expected none together with --onnx, which says where to write; leave one of the two out.")]
    [InlineData($"zoo export {TinyModels.Copy} --models models --onnx models", "--onnx: expected the name of a file for one model, got 'models', which is a folder.")]
    [InlineData("zoo export --models models --onnx text.txt", "--onnx: expected a folder, got 'text.txt', which is a file.")]
    [InlineData("zoo export copy-lstm-h16.t3 --models models --onnx a.onnx", "NAME: expected a model (chars-gru-h8.abc, copy-lstm-h16.t2), got 'copy-lstm-h16.t3'; did you mean copy-lstm-h16.t2?")]
    public async Task WrongUse_IsAnErrorThatSaysWhatToDo_AndWritesNothing(string command, string message)
    {
        using var folder = trained.Copy();
        await File.WriteAllTextAsync(folder.File("text.txt"), "text");

        var run = await CliRun.Of(folder.Path, command);

        Assert.Equal((ExitCodes.Usage, "", message), (run.ExitCode, run.Output, run.Error.Trim()));
        Assert.Equal(["models", "text.txt"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData(0.5, 0.5, 0.01, true)]
    [InlineData(0.5, 0.509, 0.01, true)]
    [InlineData(0.5, 0.511, 0.01, false)]
    [InlineData(0.5, 0.50009, 0, true)]
    [InlineData(0.5, 0.50011, 0, false)]
    [InlineData(0.5, null, 0.01, false)]
    public void Metric_FurtherOffThanItsStandardError_Fails(double? torchSharp, double? onnxRuntime, double error, bool passes) =>
        Assert.Equal(passes, new ZooOnnxMetric("recall", torchSharp, onnxRuntime, error).Passed);

    [Theory]
    [InlineData(null, true)]
    [InlineData(0.9e-5, true)]
    [InlineData(1.1e-5, false)]
    [InlineData(double.NaN, false)]
    public void Model_WhoseOutputsDiffer_Fails(double? difference, bool passes) =>
        Assert.Equal(passes, new ZooOnnxRow("name", "file") { Difference = difference }.Passed);

    private static double Number(JsonElement row, string field) => row.GetProperty(field).GetDouble();
}
