using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Training;

namespace RnnZoo.Zoo;

/// <summary>
/// The log of a model's trainings as JSON lines: of every seed some hundred means over steps and some hundred evaluations, and
/// how it ended. The committed seed comes last, so that the last line holds the hash of the model's weights.
/// </summary>
internal static class TrainingLog
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = false, // what is null is left out
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    public static void Write(string path, IEnumerable<TrainingLogEntry> entries) =>
        AtomicFile.WriteText(path, string.Concat(entries.Select(entry => JsonSerializer.Serialize(entry, Json) + "\n")));

    /// <exception cref="InvalidDataException">A line is damaged, or the file is too long for a log; the message names it.</exception>
    public static IReadOnlyList<TrainingLogEntry> Read(string path)
    {
        var entries = new List<TrainingLogEntry>();
        using var text = new StringReader(CheckedFile.ReadText(path));
        while (text.ReadLine() is { } line)
        {
            try
            {
                entries.Add(JsonSerializer.Deserialize<TrainingLogEntry>(line, Json) ?? throw new JsonException("an object was expected."));
            }
            catch (JsonException problem)
            {
                throw new InvalidDataException($"{path}: line {entries.Count + 1}: {problem.Message}", problem);
            }
        }

        return entries;
    }

    /// <summary>The lines of a character model's training so far: its reports and measurements.</summary>
    public static IReadOnlyList<TrainingLogEntry> Of(long seed, CharacterProgress progress) =>
        [.. progress.History.Select(record => new TrainingLogEntry(
            seed, record.ValidationBits is null ? "steps" : "evaluation", record.Step, Finite(record.TrainingBits), Finite(record.GradientNorm), record.LearningRate,
            Finite(record.ValidationBits), Math.Round(record.Seconds, 2), null, null))];

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}

/// <summary>A line of a model's training log.</summary>
/// <param name="Seed">The seed of the training.</param>
/// <param name="Event"><c>steps</c>: a mean over steps; <c>evaluation</c>: a measurement on the way; <c>end</c>: what came out.</param>
/// <param name="Step">How many steps had been taken, over all stages.</param>
/// <param name="Loss">Of steps: the mean training loss since the line before; of an evaluation: the loss. Null if it is not finite.</param>
/// <param name="GradientNorm">The L2 norm of the last step's gradient before clipping.</param>
/// <param name="LearningRate">The last step's learning rate.</param>
/// <param name="Metric">Of an evaluation: the task's metric.</param>
/// <param name="Seconds">Since training began.</param>
/// <param name="Ended">Of an end: why.</param>
/// <param name="WeightsSha256">Of an end: the SHA-256 of the weights that came out.</param>
internal sealed record TrainingLogEntry(long Seed, string Event, int Step, double? Loss, double? GradientNorm, double? LearningRate, double? Metric, double Seconds, string? Ended, string? WeightsSha256);

/// <summary>Makes the lines of a log from a training, of so many steps over all stages: means over so many that a few hundred lines are enough.</summary>
internal sealed class TrainingRecorder(long seed, long totalSteps) : ITrainingObserver
{
    private const int MostLines = 400;

    private readonly long _window = Math.Max(1, (totalSteps + MostLines - 1) / MostLines);
    private readonly List<TrainingLogEntry> _entries = [];
    private double _sum;
    private int _count;
    private int _stepsBefore;
    private double _secondsBefore;
    private int _lastEvaluation = -1;
    private StepRecord _last;

    /// <summary>The lines so far.</summary>
    public IReadOnlyList<TrainingLogEntry> Entries => _entries;

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

    public void OnEvaluation(EvaluationRecord evaluation)
    {
        // Looks that are closer together than the lines are left out.
        if (_lastEvaluation < 0 || _stepsBefore + evaluation.Step - _lastEvaluation >= _window)
        {
            _lastEvaluation = _stepsBefore + evaluation.Step;
            _entries.Add(new TrainingLogEntry(seed, "evaluation", _lastEvaluation, Finite(evaluation.Loss), null, null, Finite(evaluation.Metric), Seconds(evaluation.Seconds), null, null));
        }
    }

    public void OnEnd(TrainingResult result)
    {
        Flush();
        _stepsBefore += result.Steps;
        _secondsBefore += result.Seconds;
    }

    private void Flush()
    {
        if (_count > 0)
        {
            _entries.Add(new TrainingLogEntry(seed, "steps", _stepsBefore + _last.Step, Finite(_sum / _count), Finite(_last.GradientNorm), Finite(_last.LearningRate), null, Seconds(_last.Seconds), null, null));
        }

        (_sum, _count) = (0, 0);
    }

    private double Seconds(double seconds) => Math.Round(_secondsBefore + seconds, 2);

    // Six digits are enough for a curve.
    private static double? Finite(double value) =>
        double.IsFinite(value) ? double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
}
