using System.Globalization;
using RnnZoo.Training;

namespace RnnZoo.Zoo;

/// <summary>Makes the lines of a log from a training: means over so many steps that a few hundred lines are enough.</summary>
/// <param name="seed">The seed.</param>
/// <param name="totalSteps">How many steps there are at most, over all stages.</param>
public sealed class TrainingRecorder(long seed, long totalSteps) : ITrainingObserver
{
    private const int MostLines = 400;

    private readonly long _window = Math.Max(1, (totalSteps + MostLines - 1) / MostLines);
    private readonly List<TrainingLogEntry> _entries = [];
    private double _sum;
    private int _count;
    private double _secondsBefore;
    private int _lastEvaluation = -1;
    private StepRecord _last;

    /// <summary>The lines so far.</summary>
    public IReadOnlyList<TrainingLogEntry> Entries => _entries;

    /// <summary>How many steps the stages before took.</summary>
    public int StepsBefore { get; private set; }

    /// <inheritdoc/>
    public void OnStep(in StepRecord step)
    {
        _last = step;
        _sum += step.Loss;
        _count++;
        if (_count >= _window || !double.IsFinite(step.Loss))
        {
            Flush();
        }
    }

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationRecord evaluation)
    {
        // Looks that are closer together than the lines are left out.
        if (_lastEvaluation < 0 || StepsBefore + evaluation.Step - _lastEvaluation >= _window)
        {
            _lastEvaluation = StepsBefore + evaluation.Step;
            _entries.Add(new TrainingLogEntry(seed, "evaluation", _lastEvaluation, Finite(evaluation.Loss), null, null, Finite(evaluation.Metric), Seconds(evaluation.Seconds), null, null));
        }
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
        Flush();
        StepsBefore += result.Steps;
        _secondsBefore += result.Seconds;
    }

    private void Flush()
    {
        if (_count > 0)
        {
            _entries.Add(new TrainingLogEntry(seed, "steps", StepsBefore + _last.Step, Finite(_sum / _count), Finite(_last.GradientNorm), Finite(_last.LearningRate), null, Seconds(_last.Seconds), null, null));
        }

        (_sum, _count) = (0, 0);
    }

    private double Seconds(double seconds) => Math.Round(_secondsBefore + seconds, 2);

    // Six digits are enough for a curve.
    private static double? Finite(double value) =>
        double.IsFinite(value) ? double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
}
