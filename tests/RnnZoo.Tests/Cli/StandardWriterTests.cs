using System.Diagnostics;
using RnnZoo.Cli;

namespace RnnZoo.Tests.Cli;

/// <summary>Standard streams that are full or closed.</summary>
public class StandardWriterTests
{
    private const string Lost = "standard output: cannot be written to: ";

    [SkippableTheory]
    [InlineData("2>/dev/full", ExitCodes.Success, "")]
    [InlineData("2>&-", ExitCodes.Success, "")]
    [InlineData("1>/dev/full", ExitCodes.Failure, Lost)]
    [InlineData("1>&-", ExitCodes.Failure, Lost)]
    [InlineData("0<&- 1>&- 2>&-", ExitCodes.Failure, "")] // the runtime's own pipe then has the numbers 0 to 2
    public async Task WorkIsDone_WhateverBecomesOfTheStreams(string redirection, int exitCode, string error)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The shell and /dev/full are Linux's.");
        using var folder = new TemporaryFolder();
        var command = $"exec dotnet exec {typeof(CliHost).Assembly.Location} compare copy --delays 3 --symbols 2 --steps 20 --models lstm --output {folder.Path} {redirection}";
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();

        var said = await process.StandardError.ReadToEndAsync();

        await process.WaitForExitAsync();
        Assert.Equal(exitCode, process.ExitCode);
        Assert.Equal(exitCode == ExitCodes.Success, (await output).Contains($"Written to {folder.Path}", StringComparison.Ordinal));
        Assert.Contains(error, said, StringComparison.Ordinal);
        Assert.Equal(["chart.svg", "log.jsonl", "lstm-delay3.safetensors", "results.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }
}
