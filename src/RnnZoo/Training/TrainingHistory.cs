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
    private const int PointsPerLine = 250;

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
    public Figure ToFigure()
    {
        var steps = new Axis("training step") { Minimum = 0, Maximum = Math.Max(1, Steps.Count) };
        var metric = Task.Metric.Name;
        var settings = string.Join(", ", Task.Settings.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value}")));
        var end = Result is { } result ? $"ended by {result.Reason.Name(metric)}" : "not ended yet";
        return new Figure($"{Name} on the {Task.Name} task ({settings})",
        [
            new LineChart("training loss", steps, new Axis($"loss, {Task.LossUnit}") { Scale = AxisScale.Log }, [Line(step => step.Loss)])
            {
                ReferenceLines = [new ReferenceLine(Task.Baseline, string.Create(CultureInfo.InvariantCulture, $"without memory: {Task.Baseline:G3}"))],
            },
            new LineChart(metric, steps, new Axis($"{metric} on fresh sequences"),
                [new Series(Name, [.. Evaluations.Select(look => new ChartPoint(look.Step, look.Metric))]) { Markers = true }]),
            new LineChart("the gradient's norm", steps, new Axis("L2 norm before clipping") { Scale = AxisScale.Log }, [Line(step => step.GradientNorm)]),
        ])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture, $"{Name}: {Steps.Count:#,0} steps, {end}"),
            Columns = 3,
        };

        Series Line(Func<StepRecord, double> value) =>
            new Series(Name, [.. Steps.Select(step => new ChartPoint(step.Step, value(step)))]) { Colour = 0 }.Smoothed(PointsPerLine);
    }

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}
