using System.Text.Json;
using RnnZoo.Cli;
using RnnZoo.Cli.Commands;

namespace RnnZoo.Tests.Cli;

public class BenchTests
{
    [Fact]
    public async Task Json_HasEveryPathOfEverySize_WithConsistentNumbers()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "bench --cells lstm --sizes 3x23x10x5,2x7x3x11 --paths autograd,native,handwritten,handwritten+norms,handwritten+shares,train:native,train:handwritten --threads 2 --seconds 0 --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.All(new[] { "1", "2" }, threads => Assert.InRange(run.Json.GetProperty("peakGflops").GetProperty(threads).GetDouble(), 1, 1e5));
        var rows = run.Json.GetProperty("rows").EnumerateArray().ToArray();
        string[] gradients = ["autograd", "native", "handwritten", "handwritten+norms", "handwritten+shares"];
        string[] expected =
        [
            .. from size in new[] { "3x23x10x5", "2x7x3x11" }
               from path in size[0] == '3' ? [.. gradients, "train:native", "train:handwritten"] : gradients // the copy task has ten classes
               select $"{size} lstm 2 {path}",
        ];
        Assert.Equal(expected, rows.Select(row => $"{Size(row)} {Text(row, "cell")} {Number(row, "threads")} {Text(row, "path")}"));
        Assert.All(rows, row =>
        {
            var flops = 6 * Number(row, "T") * Number(row, "B") * 4 * Number(row, "H") * (Number(row, "I") + Number(row, "H"));
            Assert.Equal(flops / Number(row, "milliseconds") / 1e6, Number(row, "gflops"), 0.01 + (0.01 * Number(row, "gflops")));
            Assert.InRange(Number(row, "fastestMilliseconds"), 0, Number(row, "milliseconds"));
            Assert.InRange(Number(row, "peakShare"), 0, 1);
            Assert.InRange(Number(row, "extraMegabytes"), 0, 500);
        });
    }

    [Fact]
    public async Task Forward_IsAThirdOfTheArithmetic_AndHasNoPathsThatNeedAGradient()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "bench --cells gru --sizes 3x23x10x5 --threads 1 --seconds 0 --forward --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.True(run.Json.GetProperty("forward").GetBoolean());
        var rows = run.Json.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(["autograd", "native", "handwritten"], rows.Select(row => Text(row, "path")));
        Assert.All(rows, row =>
        {
            var flops = 2 * 23 * 3 * 3 * 5 * (10 + 5);
            Assert.Equal(flops / Number(row, "milliseconds") / 1e6, Number(row, "gflops"), 0.01 + (0.01 * Number(row, "gflops")));
        });
        Assert.Equal(ExitCodes.Usage, (await CliRun.Of(folder.Path, "bench --paths train:native --forward")).ExitCode);
    }

    [Fact]
    public async Task Stepper_IsMeasuredBesideTheModules_WithItsBound()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "bench --stepper --cells lstm,mingru --sizes 2x5x3x70 --seconds 0 --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        var rows = run.Json.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(["lstm native", "lstm module", "lstm onnx", "lstm stepper", "mingru module", "mingru onnx", "mingru stepper"], rows.Select(row => $"{Text(row, "cell")} {Text(row, "path")}"));
        Assert.All(rows, row =>
        {
            var weights = Text(row, "cell") == "lstm" ? 4 * 70 * (3 + 70) : 2 * 70 * 3;
            Assert.Equal(4 * weights, Number(row, "weightBytes"));
            Assert.True(Number(row, "boundMicroseconds") * Number(row, "gigabytesPerSecond") * 1e3 > 0.98 * Number(row, "weightBytes"));
            Assert.True(Number(row, "boundMicroseconds") * run.Json.GetProperty("peakGflops").GetDouble() * 1e3 > 0.98 * 2 * 2 * weights);
            Assert.InRange(Number(row, "fastestMicroseconds"), 1e-6, Number(row, "microseconds"));
        });
        var people = await CliRun.Of(folder.Path, "bench --stepper --cells gru --sizes 1x3x2x4 --seconds 0");
        Assert.Contains("1x2x4 gru", people.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await CliRun.Of(folder.Path, "bench --stepper --threads 2")).ExitCode);
    }

    [Fact]
    public async Task Grid_ComparesTrainingAndForward_AndNamesWhereItIsLeastAhead()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "bench --grid --cells gru,mingru --sizes 3x7x3x11,1x5x2x4 --threads 1 --output out --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Equal(run.Output, await File.ReadAllTextAsync(folder.File("out/results.json")));
        Assert.Contains("forward alone, beside TorchSharp", await File.ReadAllTextAsync(folder.File("out/chart.svg")), StringComparison.Ordinal);
        var rows = run.Json.GetProperty("rows").EnumerateArray().ToArray();
        string[] ways = ["gru autograd", "gru native", "mingru autograd"]; // libtorch has no minGRU
        Assert.Equal(
            from size in new[] { "3x7x3x11", "1x5x2x4" } from cell in new[] { "gru", "mingru" } from forward in new[] { false, true } from way in ways where way.StartsWith(cell, StringComparison.Ordinal) select $"{size} {way} {forward}",
            rows.Select(row => $"{Size(row)} {Text(row, "cell")} {Text(row, "path")} {row.GetProperty("forward").GetBoolean()}"));
        Assert.All(rows, row => Assert.Equal(Number(row, "milliseconds") / Number(row, "ownMilliseconds"), Number(row, "ratio"), 0.001 + (0.001 * Number(row, "ratio"))));
        var people = await CliRun.Of(folder.Path, "bench --grid --cells gru --sizes 3x7x3x11 --threads 1");
        Assert.Matches(@"native gru, forward +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +3x7x3x11, 1 thr\.", people.Output);
        Assert.Equal(ExitCodes.Usage, (await CliRun.Of(folder.Path, "bench --grid --forward")).ExitCode);
        Assert.Equal("--output: expected none without --grid; add that, or leave --output out.", (await CliRun.Of(folder.Path, "bench --output out")).Error.Trim());
        Assert.Equal("--format: expected --output beside it, which names the folder of the picture; add that, or leave --format out.", (await CliRun.Of(folder.Path, "bench --grid --format png")).Error.Trim());
        Assert.Equal(60, BenchGridRun.UsualSizes.Distinct().Count());
    }

    [Fact]
    public async Task Table_NamesPathsAndPeak()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "bench --cells gru --sizes 2x7x3x11 --paths native,handwritten --threads 1 --seconds 0");

        Assert.Contains("float32 peak, 1 thread:", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"2x7x3x11 gru, 1 thread\s+native +\d", run.Output);
        Assert.Matches(@"handwritten +\d+\.\d+ +\d+\.\d+ +1\.00 ", run.Output);
    }

    [Fact]
    public async Task LongerSequences_TakeMoreMemory_OnAutogradThanByHand()
    {
        var group = new BenchGroup("lstm", new BenchSize(8, 200, 10, 64), 1, []);

        var autograd = await MemoryProbe.ExtraBytesAsync(group, "autograd", default);
        var handWritten = await MemoryProbe.ExtraBytesAsync(group, "handwritten", default);

        Assert.InRange(handWritten, 8 * 200 * 64 * 4, autograd / 2); // the output alone, and half of autograd's
    }

    private static string Size(JsonElement row) => $"{Number(row, "B")}x{Number(row, "T")}x{Number(row, "I")}x{Number(row, "H")}";

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();
}
