using System.Text.Json;
using RnnZoo.Cli;
using RnnZoo.Cli.Bench;

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

    [SkippableFact]
    public async Task PyTorch_IsMeasuredBesideTheOthers()
    {
        using var worker = await PyTorchWorker.StartAsync(default);
        Skip.If(worker is null, "no Python with PyTorch on this machine (Debian: python3-torch)");
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "bench --cells vanilla --sizes 2x7x3x11 --paths handwritten,pytorch --threads 1 --seconds 0 --json");

        Assert.Equal(worker.Version, Text(run.Json, "pytorch"));
        var row = run.Json.GetProperty("rows").EnumerateArray().Single(row => Text(row, "path") == "pytorch");
        Assert.True(Number(row, "milliseconds") > 0 && Number(row, "extraMegabytes") >= 0);
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
