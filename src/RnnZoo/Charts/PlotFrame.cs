namespace RnnZoo.Charts;

/// <summary>The grid, axes, ticks and reference lines that every kind of chart shares.</summary>
internal sealed class PlotFrame(Area plot, AxisMap vertical)
{
    private const double LabelHeight = 16;

    public double Y(double value) => plot.Bottom - (vertical.Position(value) * plot.Height);

    public void DrawVerticalAxis(SvgWriter svg, string title)
    {
        foreach (var tick in vertical.Ticks)
        {
            svg.Line(plot.Left, Y(tick), plot.Right, Y(tick), "grid");
            svg.Label(Ticks.Label(tick), plot.Left - 8, Y(tick) + 4, "soft", "end");
        }

        var middle = plot.Top + (plot.Height / 2);
        var x = plot.Left - 50;
        svg.Text(title, "text", ("class", "soft"), ("text-anchor", "middle"),
            ("transform", $"translate({SvgWriter.Number(x)} {SvgWriter.Number(middle)}) rotate(-90)"));
    }

    public void DrawHorizontalAxis(SvgWriter svg, string title, IEnumerable<(double X, string Label)> ticks)
    {
        svg.Line(plot.Left, plot.Bottom, plot.Right, plot.Bottom, "axis");
        var free = double.NegativeInfinity;
        foreach (var (x, label) in ticks)
        {
            svg.Line(x, plot.Bottom, x, plot.Bottom + 4, "axis");
            var half = 3.6 * label.Length;
            if (x - half >= free)
            {
                svg.Label(label, x, plot.Bottom + 18, "soft", "middle");
                free = x + half + 4;
            }
        }

        svg.Label(title, plot.Left + (plot.Width / 2), plot.Bottom + 38, "soft", "middle");
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
    {
        foreach (var line in lines.Where(line => IsInside(line.Value)))
        {
            var y = Y(line.Value);
            svg.Label(line.Label, plot.Right - 4, y - LabelHeight < plot.Top ? y + LabelHeight : y - 6, "soft halo", "end");
        }
    }

    /// <summary>Labels right of the plot, where no bar hides them.</summary>
    public void DrawReferenceLabelsBeside(SvgWriter svg, IEnumerable<ReferenceLine> lines)
    {
        foreach (var line in lines.Where(line => IsInside(line.Value)))
        {
            svg.Label(line.Label, plot.Right + 6, Y(line.Value) + 4, "soft");
        }
    }

    private bool IsInside(double value) => vertical.Shows(value) && vertical.Position(value) is >= 0 and <= 1;
}
