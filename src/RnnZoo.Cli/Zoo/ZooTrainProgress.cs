using System.Globalization;
using RnnZoo.Characters;
using RnnZoo.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>Says on standard error how the trainings of the seeds get on, each some twenty times.</summary>
internal sealed class ZooTrainProgress(TextWriter writer)
{
    private const int Lines = 20;

    private readonly Lock _gate = new();

    public ITrainingObserver ObserverOf(long seed, long steps, TrainingRecorder recorder) => new SequenceLines(this, seed, steps, recorder);

    public ICharacterTrainingObserver CharacterObserverOf(long seed, int steps) => new CharacterLines(this, seed, steps);

    public void Refused(string problem) => Say($"refused: {problem}");

    public void Say(FormattableString line) => Say(line.ToString(CultureInfo.InvariantCulture));

    private void Say(string line)
    {
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private sealed class SequenceLines(ZooTrainProgress progress, long seed, long steps, TrainingRecorder recorder) : ITrainingObserver
    {
        private readonly long _every = Math.Max(1, steps / Lines);
        private EvaluationRecord? _look;

        public void OnStep(in StepRecord step)
        {
            var taken = recorder.StepsBefore + step.Step;
            if (taken % _every == 0)
            {
                progress.Say($"seed {seed,-3} step {taken,7}/{steps}  loss {step.Loss:0.000000}  metric {(_look is { } look ? look.Metric.ToString("0.0000", CultureInfo.InvariantCulture) : "  –   ")}  stage {step.Seconds,7:0.0} s");
            }
        }

        public void OnEvaluation(EvaluationRecord evaluation) => _look = evaluation;

        public void OnEnd(TrainingResult result)
            => progress.Say($"seed {seed,-3} step {recorder.StepsBefore + result.Steps,7}/{steps}  stage ended: {result.Reason.Name()}, metric {result.Final?.Metric ?? double.NaN:0.0000}");
    }

    private sealed class CharacterLines(ZooTrainProgress progress, long seed, int steps) : ICharacterTrainingObserver
    {
        public void OnStep(CharacterProgress training, double loss)
        {
        }

        public void OnMeasurement(CharacterProgress training, CharacterRecord measurement, bool isBest)
            => progress.Say($"seed {seed,-3} step {training.Step,7}/{steps}  {measurement.ValidationBits:0.0000} bits per character  {training.Seconds,7:0.0} s");

        public void OnCheckpoint(CharacterProgress training)
        {
        }
    }
}
