using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Training;

namespace RnnZoo.Cli.Commands;

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
