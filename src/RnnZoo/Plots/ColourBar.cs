namespace RnnZoo.Plots;

/// <summary>The legend of a colour scale: all its colours from the smallest value to the largest, with ticks.</summary>
internal static class ColourBar
{
    public static void Draw(SvgWriter svg, Area bar, AxisMap scale, string title)
    {
        svg.Open("g", ("class", "cells"));
        var height = bar.Height / ColourScale.Levels;
        for (var level = 0; level < ColourScale.Levels; level++)
        {
            var (top, bottom) = (Math.Round(bar.Bottom - ((level + 1) * height), 1), Math.Round(bar.Bottom - (level * height), 1));
            svg.Empty("rect", ("class", ColourScale.Class(level)), ("x", bar.Left), ("y", top), ("width", bar.Width), ("height", bottom - top));
        }

        svg.Close();
        svg.Empty("rect", ("class", "frame"), ("x", bar.Left), ("y", bar.Top), ("width", bar.Width), ("height", bar.Height));
        var widest = 0.0;
        foreach (var tick in scale.Ticks)
        {
            var y = bar.Bottom - (scale.Position(tick) * bar.Height);
            svg.Line(bar.Right, y, bar.Right + 3, y, "axis");
            svg.Label(Ticks.Label(tick), bar.Right + 6, y + 4, "soft");
            widest = Math.Max(widest, TextSize.Width(Ticks.Label(tick)));
        }

        svg.Text(TextSize.Shorten(title, bar.Height + 40), "text", ("class", "soft"), ("text-anchor", "middle"),
            ("transform", $"translate({SvgWriter.Number(bar.Right + 6 + widest + 12)} {SvgWriter.Number(bar.Top + (bar.Height / 2))}) rotate(-90)"));
    }
}
