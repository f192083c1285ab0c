using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>One comparison from its settings to its files.</summary>
internal sealed class CompareRun(CliHost host, CompareSettings settings, bool json, string? outputFolder)
{
    public int Run(CancellationToken cancellation)
    {
        var folder = MakeFolder();
        var jobs = CompareJob.CreateAll(settings);
        try
        {
            try
            {
                Train(jobs, folder, cancellation);
            }
            finally
            {
                // A failed run leaves what it got, too.
                if (jobs.All(job => job.Result is not null))
                {
                    WriteFiles(jobs, folder);
                }
            }

            Report(jobs, folder);
        }
        finally
        {
            jobs.ForEach(job => job.Dispose());
        }

        return jobs.Exists(job => job.Result!.Reason == StopReason.Cancelled) ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private string MakeFolder() => OutputFolder.Make(host, outputFolder, settings.Task.Name);

    private void Train(List<CompareJob> jobs, string folder, CancellationToken cancellation)
    {
        IProgressDisplay display = host.ErrorIsTerminal
            ? new LiveProgress(Console(host.Error, isTerminal: true), settings.Task, jobs)
            : new PlainProgress(host.Error, settings.Task);
        using var log = new RunLog(Path.Combine(folder, "log.jsonl"));
        IEnumerable<ITrainingObserver> ObserversOf(CompareJob job)
        {
            yield return log.For(job.Task.Metric.Name, (settings.Task.SizeName, job.Size), ("model", job.Model));
            if (display.ObserverOf(job) is { } observer)
            {
                yield return observer;
            }
        }

        CompareRunner.Run(jobs, settings.Threads, ObserversOf, display, cancellation);
    }

    private void WriteFiles(List<CompareJob> jobs, string folder)
    {
        AtomicFile.WriteText(Path.Combine(folder, "results.json"), CompareJson.Write(settings, jobs));
        AtomicFile.WriteText(Path.Combine(folder, "chart.svg"), CompareCharts.Figure(settings, jobs).ToSvg() + "\n");
        foreach (var job in jobs)
        {
            AtomicFile.Write(Path.Combine(folder, WeightsName(job)), stream => job.Net.save(stream));
        }
    }

    private string WeightsName(CompareJob job) => string.Create(CultureInfo.InvariantCulture, $"{job.Model}-{settings.Task.SizeName}{job.Size}.dat");

    private void Report(List<CompareJob> jobs, string folder)
    {
        if (json)
        {
            host.Output.Write(CompareJson.Write(settings, jobs));
            host.Error.WriteLine($"Written to {folder}");
            return;
        }

        ReportConsole.Write(host, CompareTable.Create(settings.Task, jobs));
        host.Output.WriteLine();
        host.Output.WriteLine(TerminalLines.Render(CompareCharts.Loss(settings.Task, jobs, settings.Sizes.Max()), Math.Min(host.Width, 100)));
        host.Output.WriteLine(TerminalBars.Render(CompareCharts.Metric(settings, jobs), Math.Min(host.Width, 80)));
        host.Output.WriteLine($"Written to {folder}: results.json, log.jsonl, chart.svg, and the weights of each net (*.dat)");
    }

    private IAnsiConsole Console(TextWriter writer, bool isTerminal) => ReportConsole.Create(writer, isTerminal, host.Width);
}
