using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>Shows how the trainings of a comparison get on.</summary>
internal interface IProgressDisplay
{
    /// <summary>Is told about a job, on the thread that trains it; null if the display looks by itself.</summary>
    ITrainingObserver? ObserverOf(CompareJob job);

    /// <summary>Shows progress on the calling thread.</summary>
    /// <param name="isDone">Whether to return.</param>
    void ShowUntil(Func<bool> isDone);
}

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

/// <summary>One line every so many steps, for files and pipes.</summary>
internal sealed class PlainProgress(TextWriter writer, CompareTask task) : IProgressDisplay
{
    private readonly Lock _gate = new();

    private string SizeName => task.SizeName;

    public ITrainingObserver ObserverOf(CompareJob job) => new Lines(this, job);

    public void ShowUntil(Func<bool> isDone) => SpinWait.SpinUntil(() =>
    {
        Thread.Sleep(5);
        return isDone();
    });

    private void Write(string line)
    {
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private sealed class Lines(PlainProgress display, CompareJob job) : ITrainingObserver
    {
        private readonly int _every = Math.Max(1, job.Options.Steps / 10);

        public void OnStep(in StepRecord step)
        {
            if (step.Step % _every == 0)
            {
                Write(step.Step, step.Loss, job.Progress.Snapshot().Metric, step.Seconds, "");
            }
        }

        public void OnEvaluation(EvaluationRecord evaluation)
        {
        }

        public void OnEnd(TrainingResult result)
            => Write(result.Steps, result.Final?.Loss, result.Final?.Metric, result.Seconds, $"  ended: {result.Reason.Name(job.Task.Metric.Name)}");

        private void Write(int step, double? loss, double? metric, double seconds, string end)
            => display.Write(string.Create(CultureInfo.InvariantCulture,
                $"{display.SizeName} {job.Size,-4} {job.Model,-8} step {step,6}/{job.Options.Steps}  loss {MetricText.OfLoss(loss ?? double.NaN)}  {job.Task.Metric.Name} {MetricText.Of(job.Task.Metric, metric)}  {seconds,6:0.0} s{end}"));
    }
}

/// <summary>What is known about a training under way. The thread that trains writes, others read.</summary>
internal sealed class JobProgress : ITrainingObserver
{
    private readonly Lock _gate = new();
    private readonly List<double> _losses = [];
    private StepRecord _last;
    private double? _metric;
    private bool _ended;

    /// <summary>The loss of each step so far.</summary>
    public IReadOnlyList<double> Losses
    {
        get
        {
            lock (_gate)
            {
                return [.. _losses];
            }
        }
    }

    /// <summary>The last step, the metric as it was last measured, and whether training has ended.</summary>
    public (StepRecord Last, double? Metric, bool Ended) Snapshot()
    {
        lock (_gate)
        {
            return (_last, _metric, _ended);
        }
    }

    public void OnStep(in StepRecord step)
    {
        lock (_gate)
        {
            _last = step;
            _losses.Add(step.Loss);
        }
    }

    public void OnEvaluation(EvaluationRecord evaluation)
    {
        lock (_gate)
        {
            _metric = evaluation.Metric;
        }
    }

    public void OnEnd(TrainingResult result)
    {
        lock (_gate)
        {
            _ended = true;
        }
    }
}
