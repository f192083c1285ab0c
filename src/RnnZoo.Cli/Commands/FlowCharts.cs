using RnnZoo.Cli.Report;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Commands;

/// <summary>The pictures of a measurement: gradient norms against distance in fresh nets, and at each timestep of each step in training.</summary>
internal static class FlowCharts
{
    // Norms in training that are further below the largest one share the last colour.
    private const double Range = 1e4;

    private static readonly LineStyleNames Styles = new("measured", "predicted: exact for the linear net, an upper bound for the vanilla net");

    /// <summary>The picture of fresh nets; null without any.</summary>
    public static Figure? Fresh(FlowSettings settings, IReadOnlyList<FlowCurve> curves)
    {
        ChartPanel[] panels =
        [
            .. OnOneScale(Scaled(curves, "linear"), Scaled(curves, "vanilla")),
            .. OnOneScale(Others(curves, "initialisations of W", starts: true), Others(curves, "gates", starts: false)),
        ];
        return panels.Length == 0 ? null : new Figure("How much of a gradient is left after d steps back through time", panels)
        {
            Subtitle = $"‖∂L/∂h‖ at T - d as a share of ‖∂L/∂h‖ at T (for the LSTM, of c), backpropagated in float64 from a random cotangent on h at T; geometric mean over {settings.Sequences} sequences, hidden size {settings.Hidden}, seed {settings.Seed}",
        };
    }

    /// <summary>The nets with W = w·Q, each with its prediction; null if there are none.</summary>
    public static LineChart? Scaled(IReadOnlyList<FlowCurve> all, string model)
    {
        var curves = all.Where(curve => curve.Net.Model == model && curve.Net.Norm is not null).ToArray();
        var linear = model == "linear";
        var measured = curves.Select((curve, place) => Line(curve.Norms.Mean, curve.Net.Label, place));
        var predicted = curves.Select((curve, place) => Line(curve.Predicted!, "predicted for " + curve.Net.Label, place) with { Dashed = true, Neutral = linear });
        return Chart(linear ? "linear net, W = w·Q: exactly w^d" : "vanilla RNN (tanh), W = w·Q: below ‖W‖^d", [.. measured, .. predicted]) is { } chart
            ? chart with { StyleNames = Styles }
            : null;
    }

    /// <summary>Nets that differ in how W begins, or in their gates; one colour for each model.</summary>
    private static LineChart? Others(IReadOnlyList<FlowCurve> all, string title, bool starts) => Chart(title,
        [.. all.Where(curve => curve.Net.Norm is null && curve.Net.IsAboutStart == starts)
            .Select(curve => Line(curve.Norms.Mean, $"{curve.Net.Model} {curve.Net.Label}", NetColours.Of(curve.Net.Model)))]);

    private static LineChart? Chart(string title, Series[] series) => series.Length == 0 ? null : new LineChart(
        title,
        new Axis("distance d, in steps") { Minimum = 0 },
        new Axis("share of the gradient left") { Scale = AxisScale.Log },
        series)
    {
        EndLabels = true,
    };

    /// <summary>Charts that stand side by side, with the same vertical axis.</summary>
    private static IEnumerable<LineChart> OnOneScale(params LineChart?[] charts)
    {
        var shown = charts.OfType<LineChart>().ToArray();
        var values = shown.SelectMany(chart => chart.Series).SelectMany(line => line.Points).Select(point => point.Y)
            .Where(value => double.IsFinite(value) && value > 0).DefaultIfEmpty(1).ToArray();
        var (low, high) = (values.Min(), values.Max());
        var room = Math.Pow(Math.Max(high / low, 10), 0.04);
        return shown.Select(chart => chart with { Vertical = chart.Vertical with { Minimum = low / room, Maximum = high * room } });
    }

    private static Series Line(IReadOnlyList<double> shares, string name, int place)
        => new(name, [new ChartPoint(0, 1), .. shares.Select((share, index) => new ChartPoint(index + 1, share))]) { Colour = place };

    /// <summary>The picture of nets in training; null without any.</summary>
    public static Figure? Trained(FlowSettings settings, IReadOnlyList<FlowTraining> all)
    {
        var trainings = all.Where(training => training.Looks.Count > 0).ToArray();
        if (trainings.Length == 0)
        {
            return null;
        }

        var first = trainings[0];
        return new Figure("Where the gradient goes during training", [.. trainings.Select(training => Map(training, trainings)), .. Cells(trainings), Loss(trainings)])
        {
            Subtitle = $"copy task: {first.Task.Symbols} symbols, a delay of {first.Task.Delay}, then the symbols again; hidden size {settings.Hidden}, batch {first.Options.BatchSize}, seed {settings.Seed}; L2 norms over batch and hidden size, before clipping",
            Columns = 2,
        };
    }

    public static HeatMap Map(FlowTraining training, IReadOnlyList<FlowTraining> trainings)
        => Map(training, $"{training.Model}: ‖∂L/∂h‖ at each timestep", look => look.Hidden, Scale("‖∂L/∂h‖", trainings.SelectMany(other => other.Looks).SelectMany(look => look.Hidden)));

    private static IEnumerable<HeatMap> Cells(IReadOnlyList<FlowTraining> trainings)
        => trainings.Where(training => training.Looks[0].Cell is not null).Select(training => Map(
            training, $"{training.Model}: ‖∂L/∂c‖, its memory", look => look.Cell!, Scale("‖∂L/∂c‖", training.Looks.SelectMany(look => look.Cell!))));

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
        [.. trainings.Select(training => new Series(training.Model, [.. training.Looks.Select(look => new ChartPoint(look.Step, look.Loss))]) { Colour = NetColours.Of(training.Model) })])
    {
        EndLabels = true,
        ReferenceLines = [new ReferenceLine(trainings[0].Task.Baseline, $"no memory: {trainings[0].Task.Baseline:0.000}")],
    };
}
