using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>Shows on standard error how the trainings of a comparison get on: a table that is redrawn in place on a terminal, else ten lines for each.</summary>
internal sealed class CompareProgress(CliHost host, CompareTask task, IReadOnlyList<CompareJob> jobs)
{
    private const int BarWidth = 24;
    private const int LinesOfAJob = 10;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(150);
    private readonly Lock _gate = new();

    /// <summary>Who is told about a job, on the thread that trains it; the table looks by itself.</summary>
    public IEnumerable<ITrainingObserver> ObserversOf(CompareJob job) => host.ErrorIsTerminal ? [] : [new Lines(this, task.SizeName, job)];

    /// <summary>Shows progress on the calling thread.</summary>
    /// <param name="isDone">Whether to return.</param>
    public void ShowUntil(Func<bool> isDone)
    {
        if (!host.ErrorIsTerminal)
        {
            while (!isDone())
            {
                Thread.Sleep(5);
            }

            return;
        }

        ReportConsole.Create(host.Error, isTerminal: true, host.Width).Live(Draw()).AutoClear(true).Start(context =>
        {
            while (!isDone())
            {
                context.UpdateTarget(Draw());
                Thread.Sleep(Interval);
            }
        });
    }

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
            var (last, metric, ended) = job.Progress.Now;
            table.AddRow(
                NumberText.Of(job.Size, "0"),
                job.Model,
                Bar((double)last.Step / job.Options.Steps, ended),
                last.Step == 0 ? "[grey]waits[/]" : NumberText.Of(last.Step, "#,0"),
                last.Step == 0 ? "" : NumberText.OfLoss(last.Loss),
                $"[grey]{NumberText.Of(job.Task.Baseline, "0.0000")}[/]",
                metric is { } value ? NumberText.OfMetric(job.Task.Metric, value) : "",
                last.Step == 0 ? "" : NumberText.Of(last.Seconds, "0.0"));
        }

        return table;
    }

    private static string Bar(double share, bool ended)
    {
        var filled = (int)(Math.Clamp(share, 0, 1) * BarWidth);
        return $"[{(ended ? "green" : "blue")}]{new string('━', filled)}[/][grey]{new string('─', BarWidth - filled)}[/]";
    }

    private void Write(string line)
    {
        lock (_gate)
        {
            host.Error.WriteLine(line);
            host.Error.Flush();
        }
    }

    private sealed class Lines(CompareProgress progress, string sizeName, CompareJob job) : ITrainingObserver
    {
        private readonly int _every = Math.Max(1, job.Options.Steps / LinesOfAJob);

        public void OnStep(in StepRecord step)
        {
            if (step.Step % _every == 0)
            {
                Write(step.Step, step.Loss, job.Progress.Now.Metric, step.Seconds, "");
            }
        }

        public void OnEvaluation(EvaluationRecord evaluation)
        {
        }

        public void OnEnd(TrainingResult result)
            => Write(result.Steps, result.Final?.Loss, result.Final?.Metric, result.Seconds, $"  ended: {result.Reason.Name(job.Task.Metric.Name)}");

        private void Write(int step, double? loss, double? metric, double seconds, string end) => progress.Write(string.Create(CultureInfo.InvariantCulture,
            $"{sizeName} {job.Size,-4} {job.Model,-8} step {step,6}/{job.Options.Steps}  loss {NumberText.OfLoss(loss ?? double.NaN)}  {job.Task.Metric.Name} {NumberText.OfMetric(job.Task.Metric, metric)}  {seconds,6:0.0} s{end}"));
    }
}

/// <summary>What is known about a training under way. The thread that trains writes, others read.</summary>
internal sealed class JobProgress : ITrainingObserver
{
    private readonly List<double> _losses = [];

    /// <summary>The loss of each step, to be read when the training has ended.</summary>
    public IReadOnlyList<double> Losses => _losses;

    /// <summary>Where it is; replaced as a whole, so that no reader sees half of it.</summary>
    public JobState Now { get; private set; } = new(default, null, false);

    public void OnStep(in StepRecord step)
    {
        _losses.Add(step.Loss);
        Now = Now with { Last = step };
    }

    public void OnEvaluation(EvaluationRecord evaluation) => Now = Now with { Metric = evaluation.Metric };

    public void OnEnd(TrainingResult result) => Now = Now with { Ended = true };
}

/// <summary>Where a training is.</summary>
/// <param name="Last">The last step.</param>
/// <param name="Metric">The metric as it was last measured; null before.</param>
/// <param name="Ended">Whether it has ended.</param>
internal sealed record JobState(StepRecord Last, double? Metric, bool Ended);
