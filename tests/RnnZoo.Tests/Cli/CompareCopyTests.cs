using System.Text.Json;
using System.Xml.Linq;
using RnnZoo.Cli;
using RnnZoo.Tests.Plots;
using RnnZoo.Tests.Training;
using TorchSharp;

namespace RnnZoo.Tests.Cli;

public class CompareCopyTests
{
    private static readonly string Tiny = Command();

    [Fact]
    public async Task Json_TinyRun_IsOneDocumentWithEveryField()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Tiny + " --json --threads 2");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        var json = run.Json;
        Assert.Equal("copy", json.GetProperty("task").GetString());
        Assert.Equal(TorchBackend.TorchSharpVersion, json.GetProperty("torchSharp").GetString());
        Assert.Equal((3, 2), (json.GetProperty("seed").GetInt64(), json.GetProperty("threads").GetInt32()));
        Assert.False(json.GetProperty("partial").GetBoolean());
        var results = json.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal(
            [(2, "vanilla"), (2, "lstm"), (7, "vanilla"), (7, "lstm")],
            results.Select(result => (result.GetProperty("delay").GetInt32(), result.GetProperty("model").GetString())));
        Assert.All(results, result =>
        {
            var lstm = result.GetProperty("model").GetString() == "lstm";
            // Weights and two biases per gate, and the readout.
            Assert.Equal(((lstm ? 4 : 1) * ((8 * 10) + (8 * 8) + 8 + 8)) + (9 * 8) + 9, result.GetProperty("parameters").GetInt64());
            Assert.Equal(3 * Math.Log(8) / (result.GetProperty("delay").GetInt32() + 6), result.GetProperty("baseline").GetDouble(), 1e-12);
            Assert.Equal(20, result.GetProperty("steps").GetInt32());
            Assert.InRange(result.GetProperty("loss").GetDouble(), 0, 5);
            Assert.InRange(result.GetProperty("recall").GetDouble(), 0, 1);
            Assert.True(result.GetProperty("seconds").GetDouble() > 0);
            Assert.Equal("handwritten", result.GetProperty("backward").GetString());
        });
    }

    [Fact]
    public async Task Json_SameSeed_GivesTheSameNumbersWhateverTheThreads()
    {
        using var folder = new TemporaryFolder();

        var one = await CliRun.Of(folder.Path, Tiny + " --json --threads 1");
        var two = await CliRun.Of(folder.Path, Tiny + " --json --threads 2");
        var other = await CliRun.Of(folder.Path, Command(("seed", "4")) + " --json");

        Assert.Equal(Numbers(one), Numbers(two));
        Assert.NotEqual(Numbers(one), Numbers(other));
    }

    [Fact]
    public async Task TensorBoard_HasARunForEachNet_AndChangesNoNumber()
    {
        using var folder = new TemporaryFolder();

        var plain = await CliRun.Of(folder.Path, Tiny + " --json --output plain");
        var run = await CliRun.Of(folder.Path, Tiny + " --json --output out --threads 2 --tensorboard");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Equal(Numbers(plain), Numbers(run));
        Assert.False(Directory.Exists(folder.File("plain/tensorboard")));
        Assert.Equal(["lstm-delay2", "lstm-delay7", "vanilla-delay2", "vanilla-delay7"], Directory.GetDirectories(folder.File("out/tensorboard")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var log = File.ReadLines(folder.File("out/log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("model").GetString() == "lstm" && line.GetProperty("delay").GetInt32() == 7).ToLookup(line => line.GetProperty("event").GetString());
        var events = EventFile.Only(folder.File("out/tensorboard/lstm-delay7"));
        Assert.Equal(log["step"].Select(line => (line.GetProperty("step").GetInt64(), line.GetProperty("loss").GetSingle())), EventFile.Scalars(events, "loss/train"));
        Assert.Equal(log["evaluation"].Select(line => (line.GetProperty("step").GetInt64(), line.GetProperty("recall").GetSingle())), EventFile.Scalars(events, "recall"));
        Assert.Equal(7 + 6, EventFile.Histograms(events, "gradient/norm_h_l0").Single().Value.Num); // of the first step, at every time step
    }

    [Fact]
    public async Task TensorBoard_WhereItCannotBeWritten_IsRefusedBeforeTraining()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("out"));
        await File.WriteAllTextAsync(folder.File("out/tensorboard"), "");

        var run = await CliRun.Of(folder.Path, Tiny + " --output out --tensorboard");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"--tensorboard: folder: expected a folder that event files can be written into, got '{folder.File("out/tensorboard/vanilla-delay2")}': ", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("autograd")]
    [InlineData("native")]
    [InlineData("handwritten")]
    public async Task Backward_OfAnyPath_IsTakenAndReported(string path)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Command(("steps", "2")) + $" --json --backward {path} --models vanilla,lstm,gru");

        Assert.All(run.Json.GetProperty("results").EnumerateArray(), result => Assert.Equal(path, result.GetProperty("backward").GetString()));
        Assert.Equal(6, run.Json.GetProperty("results").GetArrayLength());
    }

    [Fact]
    public async Task LearningRateAndInit_PerModel_AreTaken()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Command(("steps", "1"), ("delays", "2")) + " --json --lr vanilla=0.5,lstm=0.25 --init lstm=xavier+chrono --optimizer sgd --clip 0");

        var results = run.Json.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal([0.5, 0.25], results.Select(result => result.GetProperty("learningRate").GetDouble()));
        Assert.Equal("xavier+chrono", results[1].GetProperty("init").GetString());
        Assert.Equal(("sgd", JsonValueKind.Null), (run.Json.GetProperty("optimizer").GetString(), run.Json.GetProperty("clip").ValueKind));
    }

    [Fact]
    public async Task Run_WithoutJson_PrintsTableChartAndWhereTheFilesAre()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Tiny);

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        string[] columns = ["delay", "model", "parameters", "loss", "baseline", "recall", "steps", "seconds"];
        var heading = run.Output.Split('\n')[1];
        Assert.All(columns, column => Assert.Contains(column, heading, StringComparison.Ordinal));
        Assert.Contains("recall after training", run.Output, StringComparison.Ordinal);
        Assert.Contains("delay 7 (training loss, nats per step)", run.Output, StringComparison.Ordinal);
        var made = Assert.Single(Directory.GetDirectories(folder.File("runs")));
        Assert.Contains($"Written to {made}", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
        Assert.Contains("delay 7    lstm     step      2/20", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_OfARun_AreWholeAndAgree()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Tiny + " --json --output here/there");

        var made = folder.File("here/there");
        Assert.Equal(
            ["chart.svg", "log.jsonl", "lstm-delay2.safetensors", "lstm-delay7.safetensors", "results.json", "vanilla-delay2.safetensors", "vanilla-delay7.safetensors"],
            Directory.GetFiles(made).Select(Path.GetFileName).Order());
        Assert.Equal(run.Output, await File.ReadAllTextAsync(Path.Combine(made, "results.json")));
        var svg = XElement.Load(Path.Combine(made, "chart.svg"));
        Assert.Equal(4, svg.Lines().Length);
        var lines = File.ReadLines(Path.Combine(made, "log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(4 * 20, lines.Count(line => line.GetProperty("event").GetString() == "step"));
        Assert.Equal(4, lines.Count(line => line.GetProperty("event").GetString() == "end"));
        Assert.All(lines, line => Assert.True(line.TryGetProperty("delay", out _) && line.TryGetProperty("model", out _)));
    }

    [Fact]
    public async Task Output_UsedTwice_HoldsTheLaterRun_AndLeavesWhatIsNotAComparisons()
    {
        using var folder = new TemporaryFolder();

        await CliRun.Of(folder.Path, Command(("steps", "3")) + " --json --output out --tensorboard --format png");
        string[] mine = ["lstm-mine3.safetensors", "download.1.part"];
        string[] killed = ["log.jsonl.77.rnnzoo.part", "results.json.78-2.rnnzoo.part"];
        Array.ForEach([.. mine, .. killed], name => File.WriteAllText(folder.File($"out/{name}"), ""));
        var later = await CliRun.Of(folder.Path, Command(("steps", "2"), ("models", "lstm")) + " --json --output out");

        Assert.Equal(later.Output, await File.ReadAllTextAsync(folder.File("out/results.json")));
        Assert.Equal(
            ((string[])["chart.svg", "log.jsonl", "lstm-delay2.safetensors", "lstm-delay7.safetensors", "results.json", .. mine]).Order(),
            Directory.GetFiles(folder.File("out")).Select(file => Path.GetFileName(file)).Order());
        Assert.Equal(["lstm-delay2", "lstm-delay7"], Directory.GetDirectories(folder.File("out/tensorboard")).Select(board => Path.GetFileName(board)).Order());
    }

    [Fact]
    public async Task Output_BelowAFile_FailsInOneLine()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("taken"), "");

        var run = await CliRun.Of(folder.Path, Tiny + " --output taken/below");

        Assert.Equal((ExitCodes.Usage, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("--output: expected a folder that can be written to, got 'taken/below'", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task DivergedTraining_HasNullsAndLeavesTheOthersAlone()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Command(("delays", "2")) + " --json --optimizer sgd --clip 0 --lr vanilla=1e38,lstm=0.1");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        var results = run.Json.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal(["diverged", "steps"], results.Select(result => result.GetProperty("ended").GetString()));
        Assert.Equal(JsonValueKind.Null, results[0].GetProperty("loss").ValueKind);
        Assert.Equal(JsonValueKind.Null, results[0].GetProperty("recall").ValueKind);
        Assert.InRange(results[0].GetProperty("steps").GetInt32(), 2, 19);
        Assert.Equal(JsonValueKind.Number, results[1].GetProperty("loss").ValueKind);
    }

    [Fact]
    public async Task Cancelled_MidRun_WritesWhatIsDone()
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        var press = CancelOnceLogged(folder.File("out"), cancellation);

        var run = await CliRun.Of(
            folder.Path, Command(("steps", "1000000")) + " --json --threads 1 --output out", cancellation.Token);
        await press;

        Assert.Equal(ExitCodes.Interrupted, run.ExitCode);
        Assert.Equal(run.Output, await File.ReadAllTextAsync(folder.File("out/results.json")));
        Assert.True(run.Json.GetProperty("partial").GetBoolean());
        var results = run.Json.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal(4, results.Length);
        var logged = File.ReadLines(folder.File("out/log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Count(line => line.GetProperty("event").GetString() == "step");
        Assert.Equal(logged, results.Sum(result => result.GetProperty("steps").GetInt32()));
        Assert.InRange(logged, 1, 999_999);
        Assert.Contains(results, result => result.GetProperty("steps").GetInt32() == 0 && result.GetProperty("loss").ValueKind == JsonValueKind.Null);
        Assert.NotNull(XElement.Load(folder.File("out/chart.svg")));
    }

    [Fact]
    public async Task Run_Ended_PutsTheThreadCountBack()
    {
        using var folder = new TemporaryFolder();
        var before = torch.get_num_threads();

        await CliRun.Of(folder.Path, Command(("steps", "1")) + " --json");

        Assert.Equal(before, torch.get_num_threads());
    }

    /// <summary>A run of an instant, with some options changed.</summary>
    private static string Command(params (string Name, string Value)[] changes)
    {
        var options = new Dictionary<string, string>
        {
            ["hidden"] = "8",
            ["symbols"] = "3",
            ["batch"] = "5",
            ["steps"] = "20",
            ["delays"] = "2,7",
            ["seed"] = "3",
        };
        foreach (var (name, value) in changes)
        {
            options[name] = value;
        }

        return "compare copy " + string.Join(' ', options.Select(option => $"--{option.Key} {option.Value}"));
    }

    /// <summary>Presses Ctrl-C, as it were, once the first steps have been written.</summary>
    private static Task CancelOnceLogged(string folder, CancellationTokenSource cancellation) => Task.Run(async () =>
    {
        while (!Directory.Exists(folder) || !Directory.GetFiles(folder).Any(file => new FileInfo(file).Length > 0))
        {
            await Task.Delay(5);
        }

        await cancellation.CancelAsync();
    });

    /// <summary>Everything but the times.</summary>
    private static string[] Numbers(CliRun run)
        => [.. run.Json.GetProperty("results").EnumerateArray().SelectMany(result => result.EnumerateObject())
            .Where(field => field.Name != "seconds").Select(field => $"{field.Name} {field.Value}")];
}
