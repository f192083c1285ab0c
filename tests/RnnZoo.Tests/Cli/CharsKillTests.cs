using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using RnnZoo.Cli;
using RnnZoo.Tests.Training;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cli;

public partial class CharsKillTests
{
    private const int Kills = 10;
    private const string Options = "--hidden 8 --streams 4 --chunk 9 --steps 1500 --validate-every 40 --checkpoint-every 5 --threads 1 --tensorboard";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Killed_TenTimesAtRandomMoments_EndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        CharsTests.WriteText(folder);
        var random = new Random(61);
        var whole = await CliRun.Of(folder.Path, $"train chars --text text.txt --output whole {Options}");
        Assert.True(whole.ExitCode == ExitCodes.Success, whole.Error);

        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = Start(folder);
            await WaitUntilRunning(process, folder, onceItHasWritten: kill % 3 != 0);
            await Task.Delay(random.Next(30));
            Assert.False(process.HasExited, "The run ended before it was killed; give it more steps.");
            process.Kill(); // SIGKILL
            await process.WaitForExitAsync();
        }

        using var last = Start(folder);
        var error = last.StandardError.ReadToEndAsync();
        await last.WaitForExitAsync().WaitAsync(Patience);

        Assert.True(last.ExitCode == ExitCodes.Success, await error);
        Assert.Contains("goes on after step", await error, StringComparison.Ordinal);
        Assert.Equal(Directory.GetFiles(folder.File("whole")).Select(Path.GetFileName).Order(), Directory.GetFiles(folder.File("killed")).Select(Path.GetFileName).Order());
        Assert.Equal(await File.ReadAllBytesAsync(folder.File("whole/weights.safetensors")), await File.ReadAllBytesAsync(folder.File("killed/weights.safetensors")));
        Assert.Equal(LogWithoutSeconds(folder, "whole"), LogWithoutSeconds(folder, "killed"));
        var (board, shown) = (EventFile.Shown(folder.File("whole/tensorboard")), EventFile.Shown(folder.File("killed/tensorboard")));
        Assert.Equal(EventFile.Scalars(board, "loss/train"), EventFile.Scalars(shown, "loss/train"));
        Assert.Equal(EventFile.Histograms(board, "gradient/norm_h_l0"), EventFile.Histograms(shown, "gradient/norm_h_l0"));
        using var scope = NewDisposeScope();
        var (expected, parts) = (Checkpoint(folder, "whole"), Checkpoint(folder, "killed"));
        Assert.Equal(1500, parts.Step);
        Assert.Equal(expected.Tensors.Keys, parts.Tensors.Keys);
        Assert.All(expected.Tensors, item => Assert.Equal(item.Value.bytes.ToArray(), parts.Tensors[item.Key].bytes.ToArray()));
    }

    [SkippableTheory]
    [InlineData("HUP")] // the terminal was closed
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task AskedToEnd_WritesACheckpoint(string signal)
    {
        Skip.If(OperatingSystem.IsWindows(), "There are no such signals on Windows.");
        using var folder = new TemporaryFolder();
        CharsTests.WriteText(folder);
        using var process = Start(folder);
        await WaitUntilRunning(process, folder, onceItHasWritten: true);

        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await process.WaitForExitAsync().WaitAsync(Patience);

        Assert.Equal(ExitCodes.Interrupted, process.ExitCode);
        Assert.EndsWith($"Interrupted; rnnzoo train chars --resume {folder.File("killed")} goes on.{Environment.NewLine}", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        using var scope = NewDisposeScope();
        using var results = JsonDocument.Parse(File.ReadAllText(folder.File("killed/results.json")));
        Assert.Equal(results.RootElement.GetProperty("steps").GetInt32(), Checkpoint(folder, "killed").Step);
    }

    private static Process Start(TemporaryFolder folder)
    {
        var arguments = File.Exists(folder.File("killed/model.json"))
            ? $"train chars --resume {folder.File("killed")} --json --tensorboard"
            : $"train chars --text {folder.File("text.txt")} --output {folder.File("killed")} --json {Options}";
        return SelfProcess.Start(arguments.Split(' '));
    }

    // Every third kill falls where it may, into the start of the program too; before the others the run got a little further.
    private static async Task WaitUntilRunning(Process process, TemporaryFolder folder, bool onceItHasWritten)
    {
        if (!onceItHasWritten)
        {
            await Task.Delay(300);
            return;
        }

        var (before, watch) = (Newest(folder), Stopwatch.StartNew());
        while (Newest(folder) == before)
        {
            Assert.False(process.HasExited, "The run ended without a checkpoint.");
            Assert.True(watch.Elapsed < Patience, "The run wrote no checkpoint.");
            await Task.Delay(2);
        }
    }

    private static string? Newest(TemporaryFolder folder) => Directory.Exists(folder.File("killed"))
        ? Directory.GetFiles(folder.File("killed"), "checkpoint-*.safetensors").Max(StringComparer.Ordinal)
        : null;

    private static Checkpoint Checkpoint(TemporaryFolder folder, string run) => new CheckpointFolder(folder.File(run)).LoadNewest()!;

    private static IEnumerable<string> LogWithoutSeconds(TemporaryFolder folder, string run) =>
        File.ReadLines(folder.File(run + "/train.jsonl")).Select(line => Seconds().Replace(line, ""));

    [GeneratedRegex("\"seconds\":[0-9.]+")]
    private static partial Regex Seconds();
}
