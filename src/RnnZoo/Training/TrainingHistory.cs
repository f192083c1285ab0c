using System.Globalization;
using RnnZoo.Plots;
using RnnZoo.Tasks;

namespace RnnZoo.Training;

/// <summary>
/// Keeps what happens in a training, to look at afterwards: give it to a <see cref="Trainer"/> as an observer. A cell of a
/// notebook shows it as a picture.
/// </summary>
/// <param name="name">What the training is called, such as the model's name.</param>
/// <param name="task">What is trained for: gives the baseline and the unit.</param>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class TrainingHistory(string name, ISequenceTask task) : ITrainingObserver, Display.IPicture
{
    private readonly List<StepRecord> _steps = [];
    private readonly List<EvaluationRecord> _evaluations = [];

    /// <summary>What the training is called.</summary>
    public string Name { get; } = name;

    /// <summary>What was trained for.</summary>
    public ISequenceTask Task { get; } = task;

    /// <summary>All steps so far.</summary>
    public IReadOnlyList<StepRecord> Steps => _steps;

    /// <summary>All measurements so far, the final one included.</summary>
    public IReadOnlyList<EvaluationRecord> Evaluations => _evaluations;

    /// <summary>What came of it; null until it ends.</summary>
    public TrainingResult? Result { get; private set; }

    /// <inheritdoc/>
    public void OnStep(in StepRecord step) => _steps.Add(step);

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationRecord evaluation) => _evaluations.Add(evaluation);

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result) => Result = result;

    /// <summary>The loss, the task's metric and the gradient's norm against steps.</summary>
    public Figure ToFigure() => TrainingPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}

/// <summary>Several trainings on one task side by side. A cell of a notebook shows it as a picture.</summary>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class TrainingComparison : Display.IPicture
{
    /// <summary>Puts trainings side by side.</summary>
    /// <param name="trainings">The trainings, in the order of their colours.</param>
    /// <exception cref="ArgumentException">There are none, or they are not on the same task with the same settings.</exception>
    public TrainingComparison(params IReadOnlyList<TrainingHistory> trainings)
    {
        ArgumentNullException.ThrowIfNull(trainings);
        if (trainings.Count == 0)
        {
            throw new ArgumentException("trainings: expected at least one, got none.", nameof(trainings));
        }

        var task = trainings[0].Task;
        if (trainings.FirstOrDefault(training => training.Task.Name != task.Name || !training.Task.Settings.OrderBy(entry => entry.Key).SequenceEqual(task.Settings.OrderBy(entry => entry.Key))) is { } other)
        {
            throw new ArgumentException($"trainings: expected all on the same task '{task.Name}' with the same settings, got '{other.Task.Name}' with others for {other.Name}.", nameof(trainings));
        }

        Trainings = trainings;
    }

    /// <summary>The trainings.</summary>
    public IReadOnlyList<TrainingHistory> Trainings { get; }

    /// <summary>The losses against steps, and the task's metric at the end.</summary>
    public Figure ToFigure() => TrainingPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}

/// <summary>Trainings as pictures.</summary>
internal static class TrainingPictures
{
    private const int PointsPerLine = 250;

    public static Figure Of(TrainingHistory history) => new($"{history.Name} on {Describe(history.Task)}",
        [
            Losses(history.Task, [history]),
            new LineChart(history.Task.Metric.Name, Steps([history]), new Axis($"{history.Task.Metric.Name} on fresh sequences"),
                [new Series(history.Name, [.. history.Evaluations.Select(look => new ChartPoint(look.Step, look.Metric))]) { Markers = true }]),
            new LineChart("the gradient's norm", Steps([history]), new Axis("L2 norm before clipping") { Scale = AxisScale.Log },
                [Line(history, 0, step => step.GradientNorm)]),
        ])
    {
        Subtitle = History(history),
        Columns = 3,
    };

    public static Figure Of(TrainingComparison comparison)
    {
        var (trainings, task) = (comparison.Trainings, comparison.Trainings[0].Task);
        var atEnd = new GroupedBars(
            $"{task.Metric.Name} after training", "", [""],
            new Axis(task.Metric.Name) { Minimum = 0 },
            [.. trainings.Select((training, place) => new BarSeries(training.Name, [training.Result?.Final?.Metric ?? double.NaN]) { Colour = place })])
        {
            ValueFormat = "G3",
        };
        return new Figure(Describe(task), [Losses(task, trainings), atEnd]) { Subtitle = string.Join("; ", trainings.Select(History)) };
    }

    private static LineChart Losses(ISequenceTask task, IReadOnlyList<TrainingHistory> trainings) => new(
        "training loss", Steps(trainings), new Axis($"loss, {task.LossUnit}") { Scale = AxisScale.Log },
        [.. trainings.Select((training, place) => Line(training, place, step => step.Loss))])
    {
        ReferenceLines = [new ReferenceLine(task.Baseline, string.Create(CultureInfo.InvariantCulture, $"without memory: {task.Baseline:G3}"))],
    };

    private static Axis Steps(IReadOnlyList<TrainingHistory> trainings) =>
        new("training step") { Minimum = 0, Maximum = Math.Max(1, trainings.Max(training => training.Steps.Count)) };

    private static Series Line(TrainingHistory training, int colour, Func<StepRecord, double> value) =>
        new Series(training.Name, [.. training.Steps.Select(step => new ChartPoint(step.Step, value(step)))]) { Colour = colour }.Smoothed(PointsPerLine);

    private static string History(TrainingHistory training) => string.Create(CultureInfo.InvariantCulture,
        $"{training.Name}: {training.Steps.Count:#,0} steps{(training.Result is { } result ? $", ended by {result.Reason.Name(training.Task.Metric.Name)}" : ", not ended yet")}");

    private static string Describe(ISequenceTask task) =>
        $"the {task.Name} task ({string.Join(", ", task.Settings.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value}")))})";
}
