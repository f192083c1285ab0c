using System.Globalization;
using System.Text;
using ScottPlot;

namespace RnnZoo.Plots;

/// <summary>Groups of bars side by side, such as the recall of several models at each delay. Bars start at zero.</summary>
/// <param name="Heading">The heading over the chart.</param>
/// <param name="GroupTitle">What the groups are, for the horizontal axis.</param>
/// <param name="Groups">The label of each group.</param>
/// <param name="Vertical">The vertical axis; its scale is linear, for bars start at zero.</param>
/// <param name="Series">The bars: one value per group each.</param>
internal sealed record GroupedBars(string Heading, string GroupTitle, IReadOnlyList<string> Groups, Axis Vertical, IReadOnlyList<BarSeries> Series) : ChartPanel(Heading)
{
    /// <summary>Horizontal lines to compare with.</summary>
    public IReadOnlyList<ReferenceLine> ReferenceLines { get; init; } = [];

    /// <summary>The .NET number format of the value over each bar.</summary>
    public string ValueFormat { get; init; } = "0.##";

    /// <summary>Whether the bars of a single series lie, each beside the name of its group, for groups too many or too long to name below.</summary>
    public bool Lying { get; init; }

    internal override IEnumerable<LegendItem> Legend => Lying ? [] : Series.Select(bars => Named(bars.Name, bars.Colour));

    internal override string Describe()
    {
        var text = new StringBuilder($"{Title}: {Vertical.Title} against {GroupTitle}.");
        foreach (var bars in Series)
        {
            var values = Groups.Select((group, index) => $"{group}: {Print(bars.Values[index])}");
            text.Append(CultureInfo.InvariantCulture, $" {bars.Name}: {string.Join(", ", values)}.");
        }

        return text.ToString();
    }

    private protected override void Draw(Plot plot)
    {
        var values = Series.SelectMany(bars => bars.Values).Concat(ReferenceLines.Select(line => line.Value)).Append(0);
        var vertical = AxisMap.Fit(Vertical, values, 0.08);
        if (Lying)
        {
            DrawLying(plot, vertical);
            return;
        }

        var headroom = 0.12 * (vertical.High - vertical.Low); // for the value over a bar that reaches the top
        SetAxis(plot.Axes.Bottom, GroupTitle, -0.5, Math.Max(0.5, Groups.Count - 0.5), new TicksApart([.. Groups.Select((label, group) => ((double)group, label))]));
        SetAxis(plot.Axes.Left, Vertical.Title, vertical.Low, vertical.High + headroom, TicksApart.Of(vertical));
        var size = Math.Min(0.76 / Math.Max(1, Series.Count), 0.12 * Math.Max(1, Groups.Count));
        var room = size * (Width - 140) / Math.Max(1, Groups.Count);
        foreach (var (bars, place) in Series.Select((bars, place) => (bars, place)))
        {
            var offset = (place - ((Series.Count - 1) / 2.0)) * size;
            var drawn = plot.Add.Bars(bars.Values.Select((value, group) => (value, group)).Where(bar => double.IsFinite(bar.value)).Select(bar => new Bar
            {
                Position = bar.group + offset,
                Value = bar.value,
                Size = 0.94 * size,
                FillColor = Palette.Of(bars.Colour),
                LineWidth = 0,
                ValueLabel = PlotText.Width(Print(bar.value)) <= room ? Print(bar.value) : "",
            }).ToArray());
            drawn.LegendText = bars.Name;
            PlotText.Set(drawn.ValueLabelStyle, "", Palette.Ink);
        }

        if (DrawReferences(plot, ReferenceLines, vertical) is { Length: > 0 } references)
        {
            plot.Axes.Right.LockSize(0);
            plot.Axes.AddPanel(new NamesBeside(references));
        }
    }

    // The first group on top.
    private void DrawLying(Plot plot, AxisMap values)
    {
        var room = PlotText.Width(Print(values.Ticks.LastOrDefault())) / (Width - 140) * (values.High - values.Low);
        SetAxis(plot.Axes.Bottom, Vertical.Title, values.Low, values.High + (1.8 * room), TicksApart.Of(values));
        SetAxis(plot.Axes.Left, GroupTitle, 0.5 - Groups.Count, 0.5, new TicksApart([.. Groups.Select((label, group) => ((double)-group, label))]));
        (plot.Grid.XAxisStyle.IsVisible, plot.Grid.YAxisStyle.IsVisible) = (true, false);
        var drawn = plot.Add.Bars(Series[0].Values.Select((value, group) => (value, group)).Where(bar => double.IsFinite(bar.value)).Select(bar => new Bar
        {
            Position = -bar.group,
            Value = bar.value,
            Size = 0.72,
            FillColor = Palette.Of(Series[0].Colour),
            LineWidth = 0,
            ValueLabel = Print(bar.value),
        }).ToArray());
        drawn.Horizontal = true;
        var size = Math.Min(PlotText.Size, 11f * 16 / Math.Max(1, Groups.Count)); // 16 lines of 11 pixels are what a chart has room for
        PlotText.Set(plot.Axes.Left.TickLabelStyle, "", Palette.Soft, size);
        PlotText.Set(drawn.ValueLabelStyle, "", Palette.Ink, size);
    }

    private string Print(double value)
        => double.IsFinite(value) ? value.ToString(ValueFormat, CultureInfo.InvariantCulture) : "no value";
}

/// <summary>One bar in each group of a <see cref="GroupedBars"/> chart.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Values">One value per group; a value that is not finite leaves its place empty.</param>
internal sealed record BarSeries(string Name, IReadOnlyList<double> Values)
{
    /// <summary>The place in the palette, so that one name keeps one colour across panels; wraps around.</summary>
    public int Colour { get; init; }
}
