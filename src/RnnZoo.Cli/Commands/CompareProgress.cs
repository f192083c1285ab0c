using RnnZoo.Cli.Report;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>Shows on standard error how the trainings of a comparison get on: a table that is redrawn in place on a terminal, else ten lines for each.</summary>
internal sealed class CompareProgress(CliHost host, CompareTask task, IReadOnlyList<CompareJob> jobs)
{
    private const int OtherColumns = 63; // what frame and columns take beside bar and model
    private const int LinesOfAJob = 10;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(150);
    private readonly TextWriter _lines = TextWriter.Synchronized(host.Error);
    private readonly int _barWidth = Math.Clamp(host.Width - OtherColumns - jobs.Max(job => job.Model.Length), 8, 24);

    /// <summary>Who is told about a job, on the thread that trains it; the table looks by itself.</summary>
    public IEnumerable<ITrainingObserver> ObserversOf(CompareJob job) => host.ErrorIsTerminal ? [] : [new Lines(this, task.SizeName, job)];

    /// <summary>Shows the table, on the calling thread.</summary>
    /// <param name="isDone">Whether to return.</param>
    public void ShowUntil(Func<bool> isDone)
    {
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
        var metric = jobs[0].Task.Metric;
        Column<(CompareJob Job, JobState Now)>[] columns =
        [
            new(task.SizeName, row => row.Job.Size, "0"),
            new("model", row => row.Job.Model),
            new("training", row => Bar((double)row.Now.Last.Step / row.Job.Options.Steps, row.Now.Ended)) { IsMarkup = true },
            new("step", row => row.Now.Last.Step == 0 ? "[grey]waits[/]" : NumberText.Of(row.Now.Last.Step, "#,0")) { IsRight = true, IsMarkup = true },
            new("loss", row => row.Now.Last.Step == 0 ? "" : NumberText.OfLoss(row.Now.Last.Loss)) { IsRight = true },
            new("baseline", row => $"[grey]{NumberText.Of(row.Job.Task.Baseline, "0.0000")}[/]") { IsRight = true, IsMarkup = true },
            new(metric.Name, row => row.Now.Metric is { } value ? NumberText.OfMetric(metric, value) : "") { IsRight = true },
            new("seconds", row => row.Now.Last.Step == 0 ? "" : NumberText.Of(row.Now.Last.Seconds, "0.0")) { IsRight = true },
        ];
        var rows = jobs.Select(job => (job, job.Progress.Now));
        return ReportTable.Of(TableBorder.Rounded, rows, [.. columns.Select(column => column with { Wraps = true })]).BorderColor(Color.Grey);
    }

    private string Bar(double share, bool ended)
    {
        var filled = (int)(Math.Clamp(share, 0, 1) * _barWidth);
        return $"[{(ended ? "green" : "blue")}]{new string('━', filled)}[/][grey]{new string('─', _barWidth - filled)}[/]";
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

        private void Write(int step, double? loss, double? metric, double seconds, string end)
            => progress._lines.WriteLine($"{sizeName} {job.Size,-4} {job.Model,-8} step {step,6}/{job.Options.Steps}  loss {NumberText.OfLoss(loss ?? double.NaN)}  {job.Task.Metric.Name} {NumberText.OfMetric(job.Task.Metric, metric)}  {seconds,6:0.0} s{end}");
    }
}

/// <summary>What is known about a training under way. The thread that trains writes, others read.</summary>
internal sealed class JobProgress : ITrainingObserver
{
    /// <summary>The loss of each step, to be read when the training has ended.</summary>
    public List<double> Losses { get; } = [];

    /// <summary>Where it is; replaced as a whole, so that no reader sees half of it.</summary>
    public JobState Now { get; private set; } = new(default, null, false);

    public void OnStep(in StepRecord step)
    {
        Losses.Add(step.Loss);
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
