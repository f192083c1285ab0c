using System.Globalization;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Commands;

/// <summary>The picture of nets in training: the gradient at each timestep of each step, and the loss.</summary>
internal static class TrainingCharts
{
    // Values further below the largest one share the last colour.
    private const double Range = 1e4;

    public static Figure? Figure(FlowSettings settings, IReadOnlyList<FlowTraining> all)
    {
        var trainings = all.Where(training => training.Looks.Count > 0).ToArray();
        if (trainings.Length == 0)
        {
            return null;
        }

        var first = trainings[0];
        return new Figure("Where the gradient goes during training", [.. trainings.Select(training => Map(training, trainings)), .. Cells(trainings), Loss(trainings)])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"copy task: {first.Task.Symbols} symbols, a delay of {first.Task.Delay}, then the symbols again; hidden size {settings.Hidden}, batch {FlowTraining.Batch}, seed {settings.Seed}; L2 norms over batch and hidden size, before clipping"),
            Columns = 2,
        };
    }

    public static HeatMap Map(FlowTraining training, IReadOnlyList<FlowTraining> trainings)
        => Map(training, $"{training.Model}: ‖∂L/∂h‖ at each timestep", look => look.Hidden, Scale("‖∂L/∂h‖", trainings.SelectMany(other => other.Looks).SelectMany(look => look.Hidden)));

    private static IEnumerable<HeatMap> Cells(IReadOnlyList<FlowTraining> trainings)
        => trainings.Where(training => training.Model == "lstm").Select(training => Map(
            training, "lstm: ‖∂L/∂c‖, its memory", look => look.Cell!, Scale("‖∂L/∂c‖", training.Looks.SelectMany(look => look.Cell!))));

    private static HeatMap Map(FlowTraining training, string title, Func<FlowLook, IReadOnlyList<double>> norms, Axis scale) => new(
        title,
        new Axis("training step"),
        [.. training.Looks.Select(look => (double)look.Step)],
        new Axis("timestep t"),
        [.. Enumerable.Range(1, training.Task.Length).Select(t => (double)t)],
        scale,
        [.. Enumerable.Range(0, training.Task.Length).Select(t => training.Looks.Select(look => norms(look)[t]).ToArray())]);

    private static Axis Scale(string title, IEnumerable<double> values)
    {
        var shown = values.Where(value => double.IsFinite(value) && value > 0).DefaultIfEmpty(1).ToArray();
        return new Axis(title) { Scale = AxisScale.Log, Minimum = Math.Max(shown.Min(), shown.Max() / Range), Maximum = shown.Max() };
    }

    private static LineChart Loss(IReadOnlyList<FlowTraining> trainings) => new(
        "training loss",
        new Axis("training step"),
        new Axis("loss, nats per step") { Scale = AxisScale.Log },
        [.. trainings.Select(training => new Series(training.Model, [.. training.Looks.Select(look => new ChartPoint(look.Step, look.Loss))]) { Colour = CompareDefaults.Colour(training.Model) })])
    {
        EndLabels = true,
        ReferenceLines = [new ReferenceLine(trainings[0].Task.Baseline, string.Create(CultureInfo.InvariantCulture, $"no memory: {trainings[0].Task.Baseline:0.000}"))],
    };
}
