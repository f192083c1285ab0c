namespace RnnZoo.Plots;

/// <summary>The grid, axes, ticks and reference lines that every kind of chart shares.</summary>
internal sealed class PlotFrame(Area plot, AxisMap vertical)
{
    /// <summary>How much room a panel leaves right of the plot.</summary>
    public const double RightMargin = 20;

    private const double LabelHeight = 16;
    private const double TickGap = 8;
    private const double UsualMargin = 64;

    public double Y(double value) => plot.Bottom - (vertical.Position(value) * plot.Height);

    public bool IsInside(double value) => vertical.Shows(value) && vertical.Position(value) is >= 0 and <= 1;

    /// <summary>The plot, made smaller where the labels of its vertical axis or something on its right need the room.</summary>
    public static Area MakeRoom(Area plot, AxisMap vertical, double right = 0)
    {
        var left = Math.Max(0, WidestTick(vertical) + TickGap + TextSize.LineHeight + 4 - UsualMargin);
        return plot with { Left = plot.Left + left, Width = plot.Width - left - right };
    }

    public void DrawVerticalAxis(SvgWriter svg, string title, bool grid = true)
    {
        foreach (var tick in vertical.Ticks)
        {
            svg.Line(grid ? plot.Left : plot.Left - 4, Y(tick), grid ? plot.Right : plot.Left, Y(tick), grid ? "grid" : "axis");
            svg.Label(Ticks.Label(tick), plot.Left - TickGap, Y(tick) + 4, "soft", "end");
        }

        var middle = plot.Top + (plot.Height / 2);
        var x = plot.Left - Math.Max(50, WidestTick(vertical) + TickGap + 8);
        svg.Text(TextSize.Shorten(title, plot.Height + 40), "text", ("class", "soft"), ("text-anchor", "middle"),
            ("transform", $"translate({SvgWriter.Number(x)} {SvgWriter.Number(middle)}) rotate(-90)"));
    }

    public void DrawHorizontalAxis(SvgWriter svg, string title, IEnumerable<(double X, string Label)> ticks)
    {
        svg.Line(plot.Left, plot.Bottom, plot.Right, plot.Bottom, "axis");
        var free = double.NegativeInfinity;
        foreach (var (x, label) in ticks)
        {
            svg.Line(x, plot.Bottom, x, plot.Bottom + 4, "axis");
            var half = TextSize.Width(label) / 2;
            if (x - half >= free)
            {
                svg.Label(label, x, plot.Bottom + 18, "soft", "middle");
                free = x + half + 4;
            }
        }

        svg.Label(TextSize.Shorten(title, plot.Width + 40), plot.Left + (plot.Width / 2), plot.Bottom + 38, "soft", "middle");
    }

    public void DrawReferenceLines(SvgWriter svg, IEnumerable<ReferenceLine> lines)
    {
        foreach (var line in lines.Where(line => IsInside(line.Value)))
        {
            svg.Line(plot.Left, Y(line.Value), plot.Right, Y(line.Value), "reference");
        }
    }

    /// <summary>Labels just over the right ends of the lines, where a curve that got better has left the place free.</summary>
    public void DrawReferenceLabels(SvgWriter svg, IEnumerable<ReferenceLine> lines)
        => DrawLabels(svg, lines, y => y - LabelHeight < plot.Top ? y + (LabelHeight / 2) + 4 : y - 10, plot.Right - 4, "soft halo", "end");

    /// <summary>Labels right of the plot, where no bar hides them.</summary>
    public void DrawReferenceLabelsBeside(SvgWriter svg, IEnumerable<ReferenceLine> lines)
        => DrawLabels(svg, lines, y => y, plot.Right + 6, "soft", "start");

    private static double WidestTick(AxisMap axis) => axis.Ticks.Select(tick => TextSize.Width(Ticks.Label(tick))).DefaultIfEmpty(0).Max();

    private void DrawLabels(SvgWriter svg, IEnumerable<ReferenceLine> lines, Func<double, double> middle, double x, string style, string anchor)
    {
        var shown = lines.Where(line => IsInside(line.Value)).ToArray();
        var places = TextSize.Spread([.. shown.Select(line => middle(Y(line.Value)))], plot.Top - LabelHeight, plot.Bottom);
        foreach (var (line, y) in shown.Zip(places))
        {
            svg.Label(line.Label, x, y + 4, style, anchor);
        }
    }
}

/// <summary>A horizontal line that marks a value to compare with, such as a baseline.</summary>
/// <param name="Value">Where it lies on the vertical axis.</param>
/// <param name="Label">What it marks.</param>
public sealed record ReferenceLine(double Value, string Label);
