using System.Globalization;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Commands;

/// <summary>The pictures of the trade: what truncation saves, and what it costs. Full backpropagation stands at k = T.</summary>
internal static class TbpttCharts
{
    public static Figure Figure(TbpttResult result)
    {
        var settings = result.Settings;
        List<ChartPanel> panels = [Memory(result), Time(result), Gradient(result)];
        if (settings.Updates > 0)
        {
            panels.Add(Recall(result));
        }

        return new Figure($"Truncated backpropagation: what k saves and what it costs ({settings.Cell})", panels)
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"T = {settings.Length:#,0} steps, batch {settings.Batch}, hidden size {settings.Hidden}, float64, seed {settings.Seed}; full backpropagation is k = T"),
            Columns = 2,
        };
    }

    /// <summary>Memory against k.</summary>
    public static LineChart Memory(TbpttResult result) => new(
        "Memory of the gradient", Chunks(result), new Axis("peak, MB") { Scale = AxisScale.Log }, [Line(result, "chunks of k", row => row.PeakMegabytes)])
    {
        ReferenceLines = [new ReferenceLine(result.Exact.PeakMegabytes, "exact, in segments")],
        EndLabels = true,
    };

    private static LineChart Time(TbpttResult result) => new(
        "Time of the gradient", Chunks(result), new Axis("milliseconds per time step") { Minimum = 0 }, [Line(result, "chunks of k", row => row.Cost.MillisecondsPerStep)])
    {
        ReferenceLines = [new ReferenceLine(result.Exact.Cost.MillisecondsPerStep, "exact, in segments")],
        EndLabels = true,
    };

    private static LineChart Gradient(TbpttResult result) => new(
        "Direction of the gradient", Chunks(result), new Axis("cosine to the exact one") { Maximum = 1, Minimum = Math.Min(0, result.Rows.Min(row => row.RecurrentCosine)) },
        [Line(result, "all parameters", row => row.Cosine), Line(result, "recurrent matrix", row => row.RecurrentCosine) with { Colour = 1 }])
    {
        EndLabels = true,
    };

    private static GroupedBars Recall(TbpttResult result) => new(
        string.Create(CultureInfo.InvariantCulture, $"Recall after {result.Settings.Delay} steps, once trained"),
        "k in training",
        [.. result.Rows.Select(row => TbpttSettings.Name(row.Chunk!.Value))],
        new Axis("share of right answers") { Minimum = 0, Maximum = 1 },
        [new BarSeries("trained in chunks of k", [.. result.Rows.Select(row => row.Score?.Recall ?? double.NaN)])])
    {
        ReferenceLines = [new ReferenceLine(1.0 / RecallStream.Cues, "a guess")],
    };

    private static Axis Chunks(TbpttResult result) => new("k, steps")
    {
        Scale = AxisScale.Log,
        Ticks = [.. result.Rows.Select(row => Steps(result, row)).Order()],
    };

    private static Series Line(TbpttResult result, string name, Func<TbpttRow, double> value) =>
        new(name, [.. result.Rows.OrderBy(row => Steps(result, row)).Select(row => new ChartPoint(Steps(result, row), value(row)))]) { Markers = true };

    private static double Steps(TbpttResult result, TbpttRow row) => row.Chunk is TbpttSettings.Full ? result.Settings.Length : row.Chunk!.Value;
}
