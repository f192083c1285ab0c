using System.Globalization;
using RnnZoo.Plots;
using RnnZoo.Tasks;

namespace RnnZoo.Training;

/// <summary>
/// Keeps what happens in a training, to look at afterwards: give it to a <see cref="Trainer"/> or a recipe as an observer. A
/// cell of a notebook shows it as a picture.
/// </summary>
/// <param name="name">What the training is called, such as the model's name.</param>
/// <param name="task">What is trained for: gives the baseline and the unit. Null for a text, which is measured in bits per character.</param>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class TrainingHistory(string name, ISequenceTask? task = null) : ITrainingObserver, Display.IPicture
{
    /// <summary>What a text is measured in.</summary>
    internal const string TextMetric = "bits per character";

    private const int PointsPerLine = 250;

    private readonly List<StepRecord> _steps = [];
    private readonly List<EvaluationRecord> _evaluations = [];

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
    public Figure ToFigure()
    {
        var steps = new Axis("training step") { Minimum = 0, Maximum = Steps.Select(step => step.Step).Append(1).Max() };
        var (metric, unit, measuredOn) = task is null
            ? (TextMetric, "nats per character", "the held-out text")
            : (task.Metric.Name, task.LossUnit, SequenceTasks.DrawnFrom(task));
        var end = Result is { } result ? $"ended by {result.Reason.Name(metric)}" : "not ended yet";
        return new Figure(Title(),
        [
            new LineChart("training loss", steps, new Axis($"loss, {unit}") { Scale = AxisScale.Log }, [Line(step => step.Loss)])
            {
                ReferenceLines = task is null ? [] : [new ReferenceLine(task.Baseline, string.Create(CultureInfo.InvariantCulture, $"without memory: {task.Baseline:G3}"))],
            },
            new LineChart(metric, steps, new Axis($"{metric} on {measuredOn}"),
                [new Series(name, [.. Evaluations.Select(look => new ChartPoint(look.Step, look.Metric))]) { Markers = true }]),
            new LineChart("the gradient's norm", steps, new Axis("L2 norm before clipping") { Scale = AxisScale.Log }, [Line(step => step.GradientNorm)]),
        ])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"{name}: {Steps.Count:#,0} steps, {end}"),
            Columns = 3,
        };

        Series Line(Func<StepRecord, double> value) =>
            new Series(name, [.. Steps.Select(step => new ChartPoint(step.Step, value(step)))]) { Colour = 0 }.Smoothed(PointsPerLine);
    }

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();

    private string Title() => task is null
        ? $"{name}, a text by characters"
        : $"{name} on the {task.Name} task ({string.Join(", ", task.Settings.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value}")))})";
}
