using System.Globalization;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Commands;

/// <summary>The picture of fresh nets: gradient norms against distance.</summary>
internal static class FlowCharts
{
    private static readonly LineStyleNames Styles = new("measured", "predicted: exact for the linear net, an upper bound for the vanilla net");

    public static Figure? Figure(FlowSettings settings, IReadOnlyList<FlowCurve> curves)
    {
        ChartPanel[] panels =
        [
            .. OnOneScale(Scaled(curves, "linear"), Scaled(curves, "vanilla")),
            .. OnOneScale(Others(curves, "initialisations of W", starts: true), Others(curves, "gates", starts: false)),
        ];
        return panels.Length == 0 ? null : new Figure("How much of a gradient is left after d steps back through time", panels)
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"‖∂L/∂h‖ at T - d as a share of ‖∂L/∂h‖ at T (for the LSTM, of c), backpropagated in float64 from a random cotangent on h at T; geometric mean over {settings.Sequences} sequences, hidden size {settings.Hidden}, seed {settings.Seed}"),
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
            .Select(curve => Line(curve.Norms.Mean, $"{curve.Net.Model} {curve.Net.Label}", CompareDefaults.Colour(curve.Net.Model)))]);

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
}
