using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>A table that is redrawn in place, for terminals.</summary>
internal sealed class LiveProgress(IAnsiConsole console, CompareTask task, IReadOnlyList<CompareJob> jobs) : IProgressDisplay
{
    private const int BarWidth = 24;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(150);

    public ITrainingObserver? ObserverOf(CompareJob job) => null;

    public void ShowUntil(Func<bool> isDone) => console.Live(Draw()).AutoClear(true).Start(context =>
    {
        while (!isDone())
        {
            context.UpdateTarget(Draw());
            Thread.Sleep(Interval);
        }
    });

    private Table Draw()
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        table.AddColumns(
            new TableColumn(task.SizeName).RightAligned(),
            new TableColumn("model"),
            new TableColumn("training"),
            new TableColumn("step").RightAligned(),
            new TableColumn("loss").RightAligned(),
            new TableColumn("baseline").RightAligned(),
            new TableColumn(jobs[0].Task.Metric.Name).RightAligned(),
            new TableColumn("seconds").RightAligned());
        foreach (var job in jobs)
        {
            var (last, metric, ended) = job.Progress.Snapshot();
            table.AddRow(
                Number(job.Size, "0"),
                job.Model,
                Bar((double)last.Step / job.Options.Steps, ended),
                last.Step == 0 ? "[grey]waits[/]" : Number(last.Step, "#,0"),
                last.Step == 0 ? "" : MetricText.OfLoss(last.Loss),
                $"[grey]{Number(job.Task.Baseline, "0.0000")}[/]",
                metric is { } value ? MetricText.Of(job.Task.Metric, value) : "",
                last.Step == 0 ? "" : Number(last.Seconds, "0.0"));
        }

        return table;
    }

    private static string Bar(double share, bool ended)
    {
        var filled = (int)(Math.Clamp(share, 0, 1) * BarWidth);
        return $"[{(ended ? "green" : "blue")}]{new string('━', filled)}[/][grey]{new string('─', BarWidth - filled)}[/]";
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
