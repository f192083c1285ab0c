using System.Text.Json;
using System.Xml.Linq;
using RnnZoo.Cli;
using RnnZoo.Modules;
using RnnZoo.Tests.Plots;
using SkiaSharp;

namespace RnnZoo.Tests.Cli;

public class FlowTests
{
    private const string Tiny = "flow --hidden 8 --sequences 8 --length 12 --steps 7 --delay 3 --seed 3";

    [Fact]
    public async Task Json_FreshNets_HasEveryCurveAsPromised()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "flow --json --no-training --hidden 17");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        var curves = run.Json.GetProperty("curves").EnumerateArray().ToArray();
        Assert.Equal(
            ["w=0.5", "w=0.9", "w=1", "w=1.1", "w=1.5"], curves.Where(curve => Text(curve, "model") == "linear").Select(curve => Text(curve, "setting")));
        Assert.Equal(
            ["norm=0.5", "norm=0.9", "norm=1", "norm=1.1", "norm=1.5", "default", "orthogonal", "identity", "identity, ReLU"],
            curves.Where(curve => Text(curve, "model") == "vanilla").Select(curve => Text(curve, "setting")));
        Assert.Equal(
            ["forget bias 0", "forget bias 1", "chrono", "orthogonal", "identity"], curves.Where(curve => Text(curve, "model") == "lstm").Select(curve => Text(curve, "setting")));
        Assert.Equal(
            ["default", "chrono", "orthogonal", "identity"], curves.Where(curve => Text(curve, "model") == "gru").Select(curve => Text(curve, "setting")));
        Assert.All(curves, curve =>
        {
            Assert.Equal(Enumerable.Range(1, 100), curve.GetProperty("distance").EnumerateArray().Select(distance => distance.GetInt32()));
            Assert.Equal(100, curve.GetProperty("measured").GetArrayLength());
            Assert.Equal(Text(curve, "model") == "lstm" ? "c" : "h", Text(curve, "state"));
            Assert.Equal(Text(curve, "model") switch { "linear" => "exact", "vanilla" => "bound", _ => null }, curve.GetProperty("kind").GetString());
            Assert.Equal(Text(curve, "model") is "lstm" or "gru", curve.GetProperty("predicted").ValueKind == JsonValueKind.Null);
        });
        Assert.Empty(run.Json.GetProperty("training").EnumerateArray());
        Assert.False(run.Json.GetProperty("partial").GetBoolean());
    }

    [Fact]
    public async Task Json_EveryNet_IsMeasuredWithEachOfItsStarts_AndWatchedInTraining()
    {
        using var folder = new TemporaryFolder();
        var all = string.Join(",", RecurrentNets.Names);

        var run = await CliRun.Of(folder.Path, $"{Tiny} --models {all} --train {all} --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        var curves = run.Json.GetProperty("curves").EnumerateArray().ToLookup(curve => Text(curve, "model"));
        Assert.Equal(RecurrentNets.Names, curves.Select(net => net.Key));
        Assert.All(RecurrentNets.All.Where(net => net.Name is not ("vanilla" or "lstm" or "gru")), net => Assert.Equal(net.Starts, curves[net.Name].Select(curve => Text(curve, "setting"))));
        Assert.Equal(RecurrentNets.Names, run.Json.GetProperty("training").EnumerateArray().Select(training => Text(training, "model")));
    }

    [Fact]
    public async Task Json_Predictions_HoldForWhatWasMeasured()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "flow --json --no-training --hidden 17 --models linear,vanilla --norms 0.3,0.97,1,1.3");

        foreach (var curve in run.Json.GetProperty("curves").EnumerateArray())
        {
            var (measured, predicted) = (Numbers(curve, "measured"), Numbers(curve, "predicted"));
            for (var at = 0; at < 100; at++)
            {
                if (Text(curve, "kind") == "exact")
                {
                    Assert.Equal(1, measured[at] / predicted[at], 1e-9);
                }
                else
                {
                    Assert.False(measured[at] > predicted[at] * (1 + 1e-9), $"{Text(curve, "setting")}, distance {at + 1}");
                }
            }
        }
    }

    [Fact]
    public async Task Json_TheLaw_IsSeen()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "flow --json --no-training --hidden 31");

        double Left(string model, string setting) => Numbers(
            run.Json.GetProperty("curves").EnumerateArray().Single(curve => (Text(curve, "model"), Text(curve, "setting")) == (model, setting)), "measured")[^1];
        Assert.True(Left("vanilla", "norm=0.5") < 1e-30);
        Assert.True(Left("vanilla", "norm=0.9") < Left("vanilla", "norm=1.1"));
        Assert.True(Left("vanilla", "norm=1.5") > 1);
        Assert.True(Left("lstm", "forget bias 0") < 1e-9 * Left("lstm", "forget bias 1"));
        Assert.True(Left("lstm", "chrono") > 0.01);
    }

    [Fact]
    public async Task Json_Training_HasANormForEveryTimestepOfEveryLook()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Tiny + " --json --train vanilla,lstm,gru");

        var trainings = run.Json.GetProperty("training").EnumerateArray().ToArray();
        Assert.Equal(["vanilla", "lstm", "gru"], trainings.Select(training => Text(training, "model")));
        Assert.All(trainings, training =>
        {
            Assert.Equal(Enumerable.Range(1, 7), training.GetProperty("step").EnumerateArray().Select(step => step.GetInt32()));
            Assert.Equal(Enumerable.Range(1, 23), training.GetProperty("timestep").EnumerateArray().Select(step => step.GetInt32()));
            Assert.Equal(7, training.GetProperty("losses").GetArrayLength());
            var (all, throughTime) = (Rows(training, "hidden"), Rows(training, "hiddenThroughTime"));
            Assert.All([all, throughTime], rows => Assert.Equal(Enumerable.Repeat(23, 7), rows.Select(row => row.Length)));
            Assert.All(all, row => Assert.All(row, norm => Assert.InRange(norm, 1e-12, 1e3)));
            Assert.All(throughTime, row => Assert.Equal(0, row[^1]));
            Assert.Equal(Text(training, "model") == "lstm" ? 7 : 0, training.GetProperty("cell") is { ValueKind: JsonValueKind.Array } cell ? cell.GetArrayLength() : 0);
        });
    }

    [Fact]
    public async Task Json_SameSeed_GivesTheSameDocument()
    {
        using var folder = new TemporaryFolder();

        var one = await CliRun.Of(folder.Path, Tiny + " --json");
        var again = await CliRun.Of(folder.Path, Tiny + " --json");
        var other = await CliRun.Of(folder.Path, Tiny.Replace("--seed 3", "--seed 4", StringComparison.Ordinal) + " --json");

        Assert.Equal(one.Output, again.Output);
        Assert.NotEqual(one.Json.GetProperty("curves").ToString(), other.Json.GetProperty("curves").ToString());
        Assert.NotEqual(one.Json.GetProperty("training").ToString(), other.Json.GetProperty("training").ToString());
    }

    [Fact]
    public async Task Files_OfARun_AreWholeAndReadable()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Tiny + " --json --output out --train vanilla,lstm,gru --format svg,png");

        Assert.Equal(["chart.png", "chart.svg", "results.json", "training.png", "training.svg"], Directory.GetFiles(folder.File("out")).Select(Path.GetFileName).Order());
        Assert.Equal(run.Output, await File.ReadAllTextAsync(folder.File("out/results.json")));
        foreach (var picture in new[] { "chart.svg", "training.svg" })
        {
            var svg = XElement.Load(folder.File("out/" + picture));
            TextBoxes.AssertApart(svg);
            Assert.NotEmpty(svg.Lines());
            using var image = SKBitmap.Decode(folder.File("out/" + Path.ChangeExtension(picture, ".png")));
            Assert.Equal(svg.Size(), (image.Width / 2.0, image.Height / 2.0));
            Assert.True(image.Pixels.Distinct().Count() > 10);
        }
    }

    [Fact]
    public async Task Run_WithoutJson_PrintsTableChartMapsAndWhereTheFilesAre()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Tiny);

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Matches("model +setting +of +d = 1 +d = 10 +d = 12 +predicted +per step", run.Output);
        Assert.Matches("linear +w=0.5 +h +5.0e-01 +9.8e-04 +2.4e-04 +=? ?= 2.4e-04 +×0.500", run.Output);
        Assert.Matches("vanilla +norm=1.5 .*≤ 1.3e", run.Output);
        Assert.Contains("vanilla RNN (tanh)", run.Output, StringComparison.Ordinal);
        Assert.Contains("lstm: ‖∂L/∂h‖ at each timestep", run.Output, StringComparison.Ordinal);
        var made = Assert.Single(Directory.GetDirectories(folder.File("runs")));
        Assert.Contains($"Written to {made}: results.json, chart.svg, training.svg", run.Output, StringComparison.Ordinal);
        Assert.All(run.Output.Split('\n').Where(line => !line.Contains(made, StringComparison.Ordinal)), line => Assert.InRange(line.TrimEnd().Length, 0, 100));
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
    }

    [Fact]
    public async Task Run_Cancelled_WritesWhatThereIs()
    {
        using var folder = new TemporaryFolder();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        var run = await CliRun.Of(folder.Path, Tiny + " --json --output out", cancelled.Token);

        Assert.Equal(ExitCodes.Interrupted, run.ExitCode);
        Assert.True(run.Json.GetProperty("partial").GetBoolean());
        Assert.Equal(["results.json"], Directory.GetFiles(folder.File("out")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Run_OfOneStep_HasPicturesToo()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "flow --length 1 --sequences 1 --hidden 1 --steps 1 --delay 1 --norms 2 --output out");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.DoesNotContain("NaN", await File.ReadAllTextAsync(folder.File("out/chart.svg")) + await File.ReadAllTextAsync(folder.File("out/training.svg")), StringComparison.Ordinal);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static double[] Numbers(JsonElement element, string name)
        => [.. element.GetProperty(name).EnumerateArray().Select(number => number.ValueKind == JsonValueKind.Null ? double.NaN : number.GetDouble())];

    private static double[][] Rows(JsonElement element, string name)
        => [.. element.GetProperty(name).EnumerateArray().Select(row => row.EnumerateArray().Select(number => number.GetDouble()).ToArray())];
}
