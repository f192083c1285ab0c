using System.Globalization;
using RnnZoo.Plots;

namespace RnnZoo.Gradients;

/// <summary>What this folder measures, as pictures.</summary>
internal static class GradientPictures
{
    private const double Range = 1e4; // norms further below the largest share the last colour
    private const int MostLines = 6; // as many as the palette tells apart

    /// <summary>The norms of one pass against time steps, one chart for each layer and direction.</summary>
    public static Figure Of(GradientNorms norms) => new(
        "The gradient at each time step",
        [.. norms.Layers.Select(layer => Lines(layer, Name(layer, norms.Layers)))])
    {
        Subtitle = "L2 norms over batch and hidden size; dashed: what comes from later steps",
    };

    /// <summary>The norms of several passes: time steps against passes, one map for each layer and direction.</summary>
    public static Figure Of(IReadOnlyList<GradientNorms> passes) => new(
        "The gradient at each time step",
        [.. passes[0].Layers.Select((layer, index) => Map([.. passes.Select(pass => pass.Layers[index].Hidden)], Name(layer, passes[0].Layers) + "‖∂L/∂h‖"))])
    {
        Subtitle = string.Create(CultureInfo.InvariantCulture, $"L2 norms over batch and hidden size, in the last {passes.Count} recorded passes"),
    };

    /// <summary>The singular values of a product by rank.</summary>
    public static Figure Spectrum(IReadOnlyList<double> values, int factors) => new(
        string.Create(CultureInfo.InvariantCulture, $"The singular values of a product of {factors} Jacobians"),
        [Ranks("singular values", "ln σ", values)])
    {
        Subtitle = string.Create(CultureInfo.InvariantCulture, $"{values.Count} × {values.Count}; values of zero are not drawn"),
    };

    /// <summary>How exponents settle, and what they end as.</summary>
    public static Figure Of(LyapunovExponents measured) => new(
        "Lyapunov exponents",
        [Settling(measured, "the largest, step by step") with { EndLabels = true }, Spectrum(measured, "the spectrum")])
    {
        Subtitle = string.Create(CultureInfo.InvariantCulture, $"{measured.Exponents.Count} of {measured.StateSize}, over {measured.Steps:#,0} steps after {measured.WarmUp:#,0} of warm-up"),
    };

    /// <summary>The running estimates of the largest exponents against steps.</summary>
    public static LineChart Settling(LyapunovExponents measured, string title) => new(
        title,
        new Axis("steps measured") { Minimum = 0 },
        new Axis("exponent so far, nats per step"),
        [.. Enumerable.Range(0, Math.Min(MostLines, measured.Exponents.Count)).Select(index =>
            new Series($"λ{index + 1}", [.. measured.History.Select(point => new ChartPoint(point.Steps, point.Exponents[index]))]) { Colour = index })])
    {
        ReferenceLines = [new ReferenceLine(0, "neither grows nor vanishes")],
    };

    /// <summary>The final exponents by rank.</summary>
    public static LineChart Spectrum(LyapunovExponents measured, string title) => Ranks(title, "exponent, nats per step", measured.Exponents);

    private static LineChart Lines(LayerGradientNorms layer, string name) => new(
        name + "gradient norms",
        new Axis("time step t"),
        new Axis("norm") { Scale = AxisScale.Log },
        [
            Line("‖∂L/∂h‖", layer.Hidden, 0),
            Line("‖∂L/∂h‖ from the future", layer.HiddenFromFuture, 0) with { Dashed = true },
            .. layer.Cell is null ? (Series[])[] : [Line("‖∂L/∂c‖", layer.Cell, 1), Line("‖∂L/∂c‖ from the future", layer.CellFromFuture!, 1) with { Dashed = true }],
            .. layer.WeightShares is null ? (Series[])[] : [Line("share of ∂L/∂W_hh", layer.WeightShares, 2)],
        ]);

    private static HeatMap Map(IReadOnlyList<IReadOnlyList<double>> passes, string title)
    {
        var steps = passes.Max(pass => pass.Count); // the last chunk of a text may be shorter
        var shown = passes.SelectMany(pass => pass).Where(value => double.IsFinite(value) && value > 0).DefaultIfEmpty(1).ToArray();
        return new HeatMap(
            title,
            new Axis("recorded pass"),
            [.. Enumerable.Range(1, passes.Count).Select(pass => (double)pass)],
            new Axis("time step t"),
            [.. Enumerable.Range(0, steps).Select(t => (double)t)],
            new Axis("norm") { Scale = AxisScale.Log, Minimum = Math.Max(shown.Min(), shown.Max() / Range), Maximum = shown.Max() },
            [.. Enumerable.Range(0, steps).Select(t => passes.Select(pass => t < pass.Count ? pass[t] : double.NaN).ToArray())]);
    }

    private static LineChart Ranks(string title, string vertical, IReadOnlyList<double> values) => new(
        title,
        new Axis("rank"),
        new Axis(vertical),
        [new Series("measured", [.. values.Select((value, index) => new ChartPoint(index + 1, value))]) { Markers = true }])
    {
        ReferenceLines = [new ReferenceLine(0, "neither grows nor shrinks")],
    };

    private static Series Line(string name, IReadOnlyList<double> values, int colour) =>
        new(name, [.. values.Select((value, t) => new ChartPoint(t, value))]) { Colour = colour };

    private static string Name(LayerGradientNorms layer, IReadOnlyList<LayerGradientNorms> all) => all.Count == 1
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"layer {layer.Layer}{(all.Any(other => other.Direction > 0) ? layer.Direction == 0 ? " forwards" : " backwards" : "")}: ");
}
