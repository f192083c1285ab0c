using System.ComponentModel;
using System.Diagnostics;
using RnnZoo.Cli.Options;
using RnnZoo.Files;

namespace RnnZoo.Cli.Commands;

/// <summary>What a task of the array asks for; null for the cluster's own defaults.</summary>
internal sealed record SlurmOptions(string? Partition, string? Time, string? Memory, int Cores, string? Modules, int? TasksAtATime);

/// <summary>One job array that trains what is missing of a sweep. Each task takes every so-many-th training.</summary>
internal static class SlurmArray
{
    private const int MostTasks = 1_000; // Slurm's own limit, MaxArraySize, is 1,001 unless a cluster changes it
    private const string JobFile = "job.id";

    /// <summary>Writes the script and submits it.</summary>
    /// <exception cref="UsageException">The sweep's earlier job is still in the queue, or there is no Slurm.</exception>
    public static async Task<int> SubmitAsync(CliHost host, SweepFolder folder, SlurmOptions options, CancellationToken cancellation)
    {
        if (await TasksAsync(folder, cancellation) is { Count: > 0 } tasks)
        {
            throw new UsageException($"--engine: expected a sweep without tasks in the queue, got {tasks.Count} of job {JobOf(folder)}; wait for them, or end them by scancel {JobOf(folder)}.");
        }

        folder.ClearHalves();
        int[] missing = [.. Enumerable.Range(0, folder.Cells.Count).Where(number => folder.ResultOf(folder.Cells[number]) is null)];
        if (missing.Length == 0)
        {
            host.Output.WriteLine($"All {folder.Cells.Count} trainings are done; rnnzoo sweep status {folder.Path} shows them.");
            return ExitCodes.Success;
        }

        var count = Math.Min(MostTasks, (missing.Length + options.Cores - 1) / options.Cores);
        var script = Path.Combine(folder.Path, "job.sh");
        AtomicFile.WriteText(script, Script(folder, options, missing, count));
        var logs = Directory.CreateDirectory(Path.Combine(folder.Path, "logs")).FullName;
        string[] asked = [.. Asked("partition", options.Partition), .. Asked("time", options.Time), .. Asked("mem", options.Memory)];
        var throttle = options.TasksAtATime is { } most ? $"%{most}" : "";
        var job = await RunAsync("sbatch",
            ["--parsable", "--job-name=rnnzoo-sweep", $"--array=0-{count - 1}{throttle}", "--requeue", "--open-mode=append", "--nodes=1", "--ntasks=1", $"--cpus-per-task={options.Cores}", $"--chdir={folder.Path}", $"--output={logs.Replace("%", "%%")}/%a.log", .. asked, script], cancellation);
        AtomicFile.WriteText(Path.Combine(folder.Path, JobFile), job.Split(';')[0].Trim() + "\n");
        host.Output.WriteLine($"Job {JobOf(folder)}: {missing.Length} trainings in {count} tasks; rnnzoo sweep status {folder.Path} tells how far they are.");
        return ExitCodes.Success;
    }

    /// <summary>The states of the tasks that are in the queue; null where the sweep has no job.</summary>
    public static async Task<IReadOnlyList<string>?> TasksAsync(SweepFolder folder, CancellationToken cancellation)
    {
        if (JobOf(folder) is not { } job)
        {
            return null;
        }

        try
        {
            var states = await RunAsync("squeue", ["--noheader", "--array", $"--jobs={job}", "--format=%T"], cancellation); // of tasks that have not ended
            return states.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }
        catch (UsageException problem) when (problem.Message.Contains("Invalid job id", StringComparison.Ordinal))
        {
            return []; // Slurm forgets a job some minutes after its end
        }
    }

    private static string? JobOf(SweepFolder folder) => Path.Combine(folder.Path, JobFile) is var file && File.Exists(file) ? File.ReadAllText(file).Trim() : null;

    private static string Script(SweepFolder folder, SlurmOptions options, int[] missing, int count)
    {
        var modules = (options.Modules ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(module => $"module load {Quoted(module)}\n");
        var command = SelfProcess.CommandOf(["sweep", SweepRun.CellCommand, folder.Path]).Select(Quoted);
        return $$"""
            #!/bin/bash -l
            # Trains what was missing when it was submitted; a training that has its result by now is skipped.
            {{string.Concat(modules)}}cells=({{string.Join(' ', missing)}})
            for ((i = SLURM_ARRAY_TASK_ID; i < ${#cells[@]}; i += {{count}})); do echo "${cells[i]}"; done |
              xargs -P {{options.Cores}} -n 1 {{string.Join(' ', command)}}

            """.ReplaceLineEndings("\n");
    }

    private static string[] Asked(string name, string? value) => value is null ? [] : [$"--{name}={value}"];

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''")}'";

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var (code, output, error) = await SelfProcess.FinishAsync(process, cancellation);
            return code == 0 ? output : throw new UsageException($"--engine: expected {program} to succeed, got exit code {code}: {error.Trim()}");
        }
        catch (Win32Exception problem)
        {
            throw new UsageException($"--engine: expected Slurm's {program} on the path, got none ({problem.Message}); run this where jobs are submitted, or with --engine local.");
        }
    }
}
