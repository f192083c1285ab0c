using System.Globalization;
using System.Text;

namespace RnnZoo.Plots;

/// <summary>Groups of bars side by side, such as the recall of several models at each delay. Bars start at zero.</summary>
public sealed record GroupedBars : ChartPanel
{
    /// <summary>Makes a chart.</summary>
    /// <param name="title">The heading over the chart.</param>
    /// <param name="groupTitle">What the groups are, for the horizontal axis.</param>
    /// <param name="groups">The label of each group.</param>
    /// <param name="vertical">The vertical axis; its scale must be linear.</param>
    /// <param name="series">The bars: one value per group each.</param>
    /// <exception cref="ArgumentException">A series has not one value per group, or the axis is not linear.</exception>
    public GroupedBars(string title, string groupTitle, IReadOnlyList<string> groups, Axis vertical, IReadOnlyList<BarSeries> series)
        : base(title)
    {
        if (series.FirstOrDefault(bars => bars.Values.Count != groups.Count) is { } wrong)
        {
            throw new ArgumentException(
                $"series: expected {groups.Count} values, one per group, got {wrong.Values.Count} in '{wrong.Name}'.", nameof(series));
        }

        if (vertical.Scale != AxisScale.Linear)
        {
            throw new ArgumentException($"vertical: expected a linear scale, for bars start at zero, got {vertical.Scale}.", nameof(vertical));
        }

        GroupTitle = groupTitle;
        Groups = groups;
        Vertical = vertical;
        Series = series;
    }

    /// <summary>What the groups are.</summary>
    public string GroupTitle { get; }

    /// <summary>The label of each group.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>The vertical axis.</summary>
    public Axis Vertical { get; }

    /// <summary>The bars.</summary>
    public IReadOnlyList<BarSeries> Series { get; }

    /// <summary>Horizontal lines to compare with.</summary>
    public IReadOnlyList<ReferenceLine> ReferenceLines { get; init; } = [];

    /// <summary>The .NET number format of the value over each bar.</summary>
    public string ValueFormat { get; init; } = "0.##";

    internal override IEnumerable<LegendEntry> Legend => Series.Select(bars => new LegendEntry(bars.Name, bars.Colour));

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

    internal override void Draw(SvgWriter svg, Area plot, string clipId)
    {
        var values = Series.SelectMany(bars => bars.Values).Concat(ReferenceLines.Select(line => line.Value)).Append(0);
        var gutter = ReferenceLines.Select(line => TextSize.Width(line.Label)).DefaultIfEmpty(0).Max();
        plot = plot with { Width = plot.Width - Math.Min(gutter, plot.Width / 3) };
        var vertical = AxisMap.Fit(Vertical, values, 0.08, 5);
        plot = PlotFrame.MakeRoom(plot, vertical);
        var frame = new PlotFrame(plot, vertical);
        var groupWidth = plot.Width / Math.Max(1, Groups.Count);
        var barWidth = Math.Min(44, groupWidth * 0.76 / Math.Max(1, Series.Count));
        double Centre(int group) => plot.Left + ((group + 0.5) * groupWidth);

        frame.DrawVerticalAxis(svg, Vertical.Title);
        frame.DrawHorizontalAxis(svg, GroupTitle, Groups.Select((label, group) => (Centre(group), label)));
        foreach (var (bars, place) in Series.Select((bars, place) => (bars, place)))
        {
            svg.Open("g", ("class", Palette.Class(bars.Colour)));
            for (var group = 0; group < Groups.Count; group++)
            {
                var left = Centre(group) + ((place - (Series.Count / 2.0)) * barWidth);
                DrawBar(svg, frame, bars, group, left, barWidth);
            }

            svg.Close();
        }

        frame.DrawReferenceLines(svg, ReferenceLines);
        frame.DrawReferenceLabelsBeside(svg, ReferenceLines);
    }

    private void DrawBar(SvgWriter svg, PlotFrame frame, BarSeries bars, int group, double left, double width)
    {
        var value = bars.Values[group];
        if (!double.IsFinite(value))
        {
            return;
        }

        var (top, bottom) = (frame.Y(Math.Max(0, value)), frame.Y(Math.Min(0, value)));
        svg.Open("rect", ("class", "fill"), ("x", left + 1.5), ("y", top), ("width", width - 3), ("height", bottom - top), ("rx", 2.0));
        svg.Text($"{bars.Name}, {GroupTitle} {Groups[group]}: {Print(value)}", "title");
        svg.Close();
        if (TextSize.Width(Print(value)) <= width + 2)
        {
            svg.Label(Print(value), left + (width / 2), top - 5, "halo", "middle");
        }
    }

    private string Print(double value)
        => double.IsFinite(value) ? value.ToString(ValueFormat, CultureInfo.InvariantCulture) : "no value";
}

/// <summary>One bar in each group of a <see cref="GroupedBars"/> chart.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Values">One value per group; a value that is not finite leaves its place empty.</param>
public sealed record BarSeries(string Name, IReadOnlyList<double> Values)
{
    /// <summary>The place in the palette, so that one name keeps one colour across panels; wraps around.</summary>
    public int Colour { get; init; }
}
