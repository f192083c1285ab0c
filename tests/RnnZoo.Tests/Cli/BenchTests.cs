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
