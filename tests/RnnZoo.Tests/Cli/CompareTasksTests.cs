using System.Text.Json;
using System.Xml.Linq;
using RnnZoo.Bptt;
using RnnZoo.Cli;
using RnnZoo.Cli.Commands;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Tests.Plots;
using RnnZoo.Tests.Tasks;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cli;

/// <summary>`compare` on the tasks other than copy, which has tests of its own.</summary>
public class CompareTasksTests
{
    private const string Tiny = "--hidden 8 --batch 5 --steps 20 --seed 3";

    public static TheoryData<string, string, string> Tasks => new()
    {
        { "copy-variable", "delay", "recall" },
        { "selective-copy", "delay", "recall" },
        { "adding", "length", "mse" },
        { "temporal-order", "length", "accuracy" },
        { "parity", "length", "accuracy" },
        { "images", "length", "accuracy" },
    };

    [Fact]
    public void EveryTask_CanBeCompared()
        => Assert.Equal(SequenceTasks.Names, Tasks.Select(row => (string)row[0]).Prepend("copy"));

    [Theory]
    [MemberData(nameof(Tasks))]
    public async Task Json_OfEachTask_HasItsSizeAndItsMetric(string task, string size, string metric)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, $"compare {task} {Tiny} --{size}s 11,17 --json{Data(task, folder)}");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Equal((task, metric), (run.Json.GetProperty("task").GetString(), run.Json.GetProperty("metric").GetString()));
        Assert.Equal(metric != "mse", run.Json.GetProperty("moreIsBetter").GetBoolean());
        Assert.Equal(task == "images" ? TinyImages.Test : 1_024, run.Json.GetProperty(metric + "Sequences").GetInt32());
        Assert.Equal(task is "copy-variable" or "selective-copy", run.Json.TryGetProperty("symbols", out _));
        var results = run.Json.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal(
            [(11, "vanilla"), (11, "lstm"), (17, "vanilla"), (17, "lstm")],
            results.Select(result => (result.GetProperty(size).GetInt32(), result.GetProperty("model").GetString())));
        Assert.All(results, result =>
        {
            var setting = SequenceTasks.SettingsOf(task)[0].Name;
            var posed = SequenceTasks.Create(task, new Dictionary<string, long> { [setting] = result.GetProperty(size).GetInt32() }, SequenceTasks.ReadsFiles(task) ? folder.File("images") : null);
            Assert.Equal(posed.Baseline, result.GetProperty("baseline").GetDouble());
            Assert.InRange(result.GetProperty(metric).GetDouble(), 0, metric == "mse" ? 5 : 1);
            Assert.InRange(result.GetProperty("standardError").GetDouble(), metric == "recall" ? 0 : 1e-6, 1); // a net that gives only blanks recalls none
            Assert.Equal(("steps", 20), (result.GetProperty("ended").GetString(), result.GetProperty("steps").GetInt32()));
        });
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public async Task Run_WithoutJson_NamesTheTasksOwnWords(string task, string size, string metric)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, $"compare {task} {Tiny} --{size}s 11,17{Data(task, folder)}");

        var heading = run.Output.Split('\n')[1];
        Assert.All([size, metric, "baseline"], column => Assert.Contains(column, heading, StringComparison.Ordinal));
        Assert.Contains($"{metric} after training", run.Output, StringComparison.Ordinal);
        Assert.Contains($"{size} 17   lstm     step      2/20", run.Error, StringComparison.Ordinal);
        Assert.Contains($"  {metric} ", run.Error, StringComparison.Ordinal);
        var made = Assert.Single(Directory.GetDirectories(folder.File("runs")));
        Assert.EndsWith("-" + task, made, StringComparison.Ordinal);
        Assert.Equal(
            ["chart.svg", "log.jsonl", $"lstm-{size}11.safetensors", $"lstm-{size}17.safetensors", "results.json", $"vanilla-{size}11.safetensors", $"vanilla-{size}17.safetensors"],
            Directory.GetFiles(made).Select(Path.GetFileName).Order());
        Assert.Equal(4, XElement.Load(Path.Combine(made, "chart.svg")).Lines().Length);
        var ends = File.ReadLines(Path.Combine(made, "log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("event").GetString() == "end").ToArray();
        Assert.Equal(4, ends.Length);
        Assert.All(ends, line => Assert.True(line.TryGetProperty(size, out _) && line.GetProperty(metric).ValueKind == JsonValueKind.Number));
    }

    [Theory]
    [InlineData("copy --delays 2 --symbols 3")]
    [InlineData("adding --lengths 2")] // the least; a start that asks for long memories takes what it can
    [InlineData("parity --lengths 5")]
    public async Task EveryNet_CanBeCompared(string task)
    {
        using var folder = new TemporaryFolder();
        var all = string.Join(',', SequenceModel.Names);

        var run = await CliRun.Of(folder.Path, $"compare {task} {Tiny} --models {all} --json");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        var results = run.Json.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal(SequenceModel.Names, results.Select(result => result.GetProperty("model").GetString()));
        Assert.All(results, result => Assert.Equal(JsonValueKind.Number, result.GetProperty("loss").ValueKind));
    }

    [Theory]
    [InlineData("--lengths 11", ExitCodes.Usage, "--data: expected a folder with images, got none; Debian's package dataset-fashion-mnist has some.")]
    [InlineData("--lengths 12 --data images", ExitCodes.Usage, "--lengths: length: expected steps that the 187 pixels of an image divide into evenly, as 11 or 187, got 12.")]
    [InlineData("--lengths 11 --data none", ExitCodes.Failure, "train-images-idx3-ubyte: expected an IDX file of this name or with .gz at its end, found neither; name the folder that holds the files.")]
    public async Task Images_ThatCannotBeRead_AreSaidInALine_AndLeaveNothing(string options, int code, string expected)
    {
        using var folder = new TemporaryFolder();
        TinyImages.Write(folder.File("images"));

        var run = await CliRun.Of(folder.Path, $"compare images {Tiny} {options}");

        Assert.Equal(code, run.ExitCode);
        Assert.EndsWith(expected, run.Error.TrimEnd(), StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(folder.File("runs")));
    }

    private static string Data(string task, TemporaryFolder folder)
        => SequenceTasks.ReadsFiles(task) ? $" --data {TinyImages.Write(folder.File("images"))}" : "";

    [Fact]
    public void EveryStart_FitsItsNet()
    {
        Assert.All(CompareTasks.All, task => Assert.All(RecurrentNets.All, net => Assert.True(net.Fits(task.StartOf(net.Name).Initialisation), $"{task.Name}: {net.Name}")));
        Assert.Equal(
            ["orthogonal+chrono:3+one-hot", "chrono:3+one-hot", "irnn+one-hot", "default+one-hot", "default"],
            new[] { "janet", "minlstm", "irnn", "lem", "orthogonal" }.Select(net => CompareTasks.Copy.StartOf(net).Initialisation));
    }

    [Fact]
    public void EveryStart_OnImages_HasAFiniteGradientWhereAllIsBlack()
    {
        var images = CompareTasks.All.Single(task => task.ReadsFiles);
        foreach (var net in RecurrentNets.Names)
        {
            using var scope = NewDisposeScope();
            using var model = SequenceModel.Create(net, 28, images.Hidden, 10);
            Initialisers.Named(images.StartOf(net).Initialisation, 28).Apply(model);
            Gradient.Backward(model.call(zeros(28, 4, 28)).Output[-1].square().sum());
            Assert.All(model.parameters().Where(parameter => parameter.grad is not null), parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>(), net));
        }
    }

    [Fact]
    public async Task Metric_OnceReached_EndsTheRun()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "compare parity --models gru --lengths 3 --hidden 16 --steps 3000 --json");

        var result = Assert.Single(run.Json.GetProperty("results").EnumerateArray().ToArray());
        Assert.Equal("accuracy", result.GetProperty("ended").GetString());
        Assert.InRange(result.GetProperty("accuracy").GetDouble(), run.Json.GetProperty("stopAt").GetDouble(), 1);
        Assert.InRange(result.GetProperty("steps").GetInt32(), 100, 2_900);
    }
}
