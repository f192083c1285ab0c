using System.Globalization;
using RnnZoo.Plots;
using RnnZoo.Tasks;

namespace RnnZoo.Training;

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
