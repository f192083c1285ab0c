using System.Text.Json;
using System.Xml.Linq;
using RnnZoo.Cli;
using RnnZoo.Cli.Commands;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cli;

public class TbpttTests
{
    private const string Small = "tbptt --hidden 5 --batch 3 --length 131 --delay 4";

    [Fact]
    public async Task Files_OfARun_AreWholeAndAgree()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Small + " --k 7,full --updates 2 --json --output out");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.EndsWith($"Written to {folder.File("out")}", run.Error.Trim(), StringComparison.Ordinal);
        Assert.Equal(run.Output, await File.ReadAllTextAsync(folder.File("out/results.json")));
        Assert.Equal("svg", XElement.Load(folder.File("out/chart.svg")).Name.LocalName);
        var rows = run.Json.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal([7, 0], rows.Select(row => row.GetProperty("k").GetInt32()));
        Assert.All(rows, row =>
        {
            Assert.InRange(row.GetProperty("peakMegabytes").GetDouble(), 0, row.GetProperty("processPeakMegabytes").GetDouble());
            Assert.InRange(row.GetProperty("millisecondsPerStep").GetDouble(), 1e-6, 1e6);
            Assert.Equal(2, row.GetProperty("updates").GetInt32());
            Assert.InRange(row.GetProperty("recall").GetDouble(), 0, 1);
        });
        Assert.Equal(14, rows[0].GetProperty("trainingSteps").GetInt64());
        Assert.Equal(1, Number(rows[1], "cosine"), 1e-12);
        Assert.InRange(Number(rows[0], "cosine"), -1, 1 - 1e-6); // some questions are cut off from their cues
        Assert.Equal(rows[0].GetProperty("fewestLiveTensors").GetInt64(), rows[0].GetProperty("mostLiveTensors").GetInt64());
    }

    [Fact]
    public async Task Exact_InSegments_HasTheGradientOfFull()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Small + " --k full --updates 0 --json");

        var exact = run.Json.GetProperty("exact");
        Assert.InRange(exact.GetProperty("segmentLength").GetInt64(), 2, 60);
        Assert.Equal(1, Number(exact, "cosine"), 1e-12);
        Assert.Equal(1, Number(exact, "recurrentCosine"), 1e-12);
        var full = run.Json.GetProperty("rows")[0];
        Assert.Equal(Number(exact, "millisecondsPerStep") / Number(full, "millisecondsPerStep"), Number(exact, "timeOfFull"), 1e-2 * Number(exact, "timeOfFull"));
        Assert.False(full.TryGetProperty("recall", out _));
    }

    [Fact]
    public async Task Ways_OfANetWhoseUnitsSeeThemselvesAlone_AreTold()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Small + " --cell mingru --k 6,random-6,unbiased-6,online-6 --draws 3 --updates 0 --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        var rows = run.Json.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(["fixed", "random", "unbiased", "online"], rows.Select(row => row.GetProperty("way").GetString()!));
        Assert.Equal([1, 3, 3, 1], rows.Select(row => row.GetProperty("draws").GetInt32()));
        Assert.Equal((1, 1), (Number(rows[3], "cosine"), Number(rows[3], "normRatio")), (left, right) => Math.Abs(left.Item1 - right.Item1) + Math.Abs(left.Item2 - right.Item2) < 1e-12);
        Assert.InRange(Number(rows[3], "bias"), 0, 1e-12);
        Assert.All(rows[..3], row => Assert.InRange(Number(row, "bias"), 1e-3, 10));
        Assert.Equal(0, Number(rows[0], "spread"));
        Assert.All(rows[1..3], row => Assert.InRange(Number(row, "spread"), 1e-3, 10));
        var credit = run.Json.GetProperty("credit").EnumerateArray().ToDictionary(line => line.GetProperty("way").GetString()!, line => line.GetProperty("shares").EnumerateArray().Select(share => share.GetDouble()).ToArray());
        Assert.Equal(["exact", "6", "random-6", "unbiased-6", "online-6"], credit.Keys);
        Assert.Equal(credit["exact"], credit["online-6"]);
        Assert.All(credit["6"].Skip(5), share => Assert.Equal(0, share));
        Assert.InRange(credit["unbiased-6"][0] / credit["exact"][0], 0.8, 1.2);
    }

    [Theory]
    [InlineData("random-0")]
    [InlineData("fixed-5")]
    [InlineData("unbiased-1")]
    [InlineData("online")]
    [InlineData("0")]
    [InlineData("random-5-5")]
    public void Way_OfOtherText_IsNone(string text) => Assert.False(Way.TryParse(text, out _));

    [Fact]
    public async Task Online_OfANetItIsNotFor_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var run = await CliRun.Of(folder.Path, Small + " --cell lem --k online-6");
        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains("--k: expected no online gradients for a lem, which they are not for, got online-6.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Table_OfARun_NamesEveryRow()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Small + " --k 2,3 --cell gru --updates 0");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Contains("gru, T = 131, B = 3, H = 5, float64, seed 1", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^\s*2 .*\n\s*3 .*\n\s*exact \(\d+\) ", run.Output);
        Assert.Contains("k = 2: the gradient of 131 steps", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("-tbptt", Assert.Single(Directory.GetDirectories(folder.File("runs"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Cancelled_EndsWithItsOwnExitCode()
    {
        using var folder = new TemporaryFolder();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        var run = await CliRun.Of(folder.Path, Small, cancelled.Token);

        Assert.Equal((ExitCodes.Interrupted, ""), (run.ExitCode, run.Output));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Stream_ReadInAnyPieces_IsTheSame()
    {
        using var scope = NewDisposeScope();
        var stream = new RecallStream(3, 101, 7, 5);
        var whole = stream.Read(0, 101);

        foreach (var (start, count) in new[] { (0L, 1L), (13L, 17L), (50L, 51L), (100L, 1L) })
        {
            var part = stream.Read(start, count);
            Assert.Equal([count, 3], part.Input.shape);
            Assert.Equal(whole.Input.narrow(0, start, count).data<long>().ToArray(), part.Input.data<long>().ToArray());
            Assert.Equal(whole.Target.narrow(0, start, count).data<long>().ToArray(), part.Target.data<long>().ToArray());
        }
    }

    [Fact]
    public void Stream_AnswerOfEveryQuestion_IsTheCueExactlyTheDelayBefore()
    {
        using var scope = NewDisposeScope();
        const int Delay = 7;
        var slice = new RecallStream(5, 400, Delay, 3).Read(0, 400);
        var (tokens, answers) = (slice.Input.data<long>().ToArray(), slice.Target.data<long>().ToArray());
        var asked = Enumerable.Range(0, answers.Length).Where(place => answers[place] >= 0).ToArray();

        Assert.InRange(asked.Length, 5 * 35, 5 * 40); // a period has 10 steps
        Assert.All(asked, place =>
        {
            Assert.Equal(RecallStream.Tokens - 1, tokens[place]);
            Assert.Equal(answers[place], tokens[place - (Delay * 5)]);
        });
        Assert.Equal(Enumerable.Range(0, RecallStream.Cues).Select(cue => (long)cue), asked.Select(place => answers[place]).Distinct().Order());
        Assert.All(answers.Except(asked.Select(place => answers[place])), answer => Assert.Equal(-100, answer));
    }

    [Fact]
    public void Training_InChunksLongerThanTheDelay_LearnsToRecall_AndLeavesNoTensors()
    {
        var threads = get_num_threads();
        var before = Expect.LiveTensors;
        try
        {
            var settings = new TbpttSettings(Cell: "lstm", Ways: [new(9)], Length: 10, Batch: 1, Hidden: 1, Delay: 3, Draws: 1, Updates: 300, Seed: 2);

            var one = RecallTraining.Run(new RowJob(RowKind.Train, new Way(9), settings));
            var same = RecallTraining.Run(new RowJob(RowKind.Train, new Way(9), settings));

            Assert.InRange(one.Recall, 0.95, 1);
            Assert.Equal((one.Recall, one.Loss, one.Updates), (same.Recall, same.Loss, same.Updates));
        }
        finally
        {
            set_num_threads(threads);
        }

        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public void Cosine_OfKnownVectors_IsRight()
    {
        Assert.Equal(1, Cosine.Of([1, 2, 3], [2, 4, 6]), 1e-15);
        Assert.Equal(-1, Cosine.Of([1, 2], [-3, -6]), 1e-15);
        Assert.Equal(0, Cosine.Of([1, 0], [0, 5]));
        Assert.Equal(0.6, Cosine.Of([1, 0], [3, 4]), 1e-15);
        Assert.True(double.IsNaN(Cosine.Of([0, 0], [1, 1])));
    }

    private static double Number(JsonElement row, string name) => row.GetProperty(name).GetDouble();
}
