using System.Globalization;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Commands;

/// <summary>The pictures of a measurement: how the exponents settle, and the spectrum they end as.</summary>
internal static class LyapunovCharts
{
    private const int MostLines = 6; // as many as the palette tells apart

    public static Figure Figure(LyapunovSettings settings, LyapunovNet net, IReadOnlyList<LyapunovResult> results) =>
        new(string.Create(CultureInfo.InvariantCulture, $"Lyapunov exponents: {net.Cell}, hidden size {net.Module.HiddenSize}"),
            [.. results.SelectMany(result => (ChartPanel[])[Settling(result), Spectrum(result)])])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"{(settings.Weights is null ? "a fresh net" : "a trained net")}, {settings.Steps:#,0} steps after {settings.WarmUp:#,0} of warm-up, random input of deviation {settings.Input}, seed {settings.Seed}"),
            Columns = 2,
        };

    /// <summary>The running estimates against steps.</summary>
    public static LineChart Settling(LyapunovResult result)
    {
        var history = result.Measured.History;
        var shown = Enumerable.Range(0, Math.Min(MostLines, result.Measured.Exponents.Count));
        return new LineChart(
            $"{result.Name}: the largest exponents",
            new Axis("steps measured") { Minimum = 0 },
            new Axis("exponent so far, nats per step"),
            [.. shown.Select(index => new Series($"λ{index + 1}", [.. history.Select(point => new ChartPoint(point.Steps, point.Exponents[index]))]) { Colour = index })])
        {
            ReferenceLines = [.. References(result)],
        };
    }

    /// <summary>The final exponents by rank.</summary>
    private static LineChart Spectrum(LyapunovResult result) => new(
        $"{result.Name}: the spectrum",
        new Axis("rank of the exponent"),
        new Axis("exponent, nats per step"),
        [new Series("measured", [.. result.Measured.Exponents.Select((value, index) => new ChartPoint(index + 1, value))]) { Markers = true, Colour = 0 }])
    {
        ReferenceLines = [.. References(result)],
    };

    private static IEnumerable<ReferenceLine> References(LyapunovResult result)
    {
        yield return new ReferenceLine(0, "neither grows nor vanishes");
        if (result.Law is { } law && double.IsFinite(law.RateBound) && Math.Abs(law.RateBound) > 1e-9)
        {
            yield return new ReferenceLine(law.RateBound, string.Create(CultureInfo.InvariantCulture, $"bound ln ‖W‖: {law.RateBound:0.000}"));
        }
    }
}
