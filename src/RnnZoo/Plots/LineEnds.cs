namespace RnnZoo.Plots;

/// <summary>
/// Names lines at their right ends, moved apart where they would overlap, each with a stroke of its line's colour;
/// reference lines among them.
/// </summary>
internal static class LineEnds
{
    private const double Stroke = 16;

    /// <summary>How much room the names need right of the plot.</summary>
    public static double Room(Area plot, LineChart chart)
    {
        var names = Named(chart).Select(line => line.Name).Concat(chart.ReferenceLines.Select(line => line.Label));
        return Math.Min(plot.Width / 2, Stroke + 8 + names.Select(name => TextSize.Width(name)).DefaultIfEmpty(0).Max() - PlotFrame.RightMargin);
    }

    public static void Draw(SvgWriter svg, LineChart chart, Area plot, double room, PlotFrame frame, AxisMap horizontal, AxisMap vertical)
    {
        var ends = Named(chart).SelectMany(line => EndOf(line, frame, horizontal, vertical)).Concat(
            chart.ReferenceLines.Where(line => frame.IsInside(line.Value)).Select(line => new End(line.Label, "line leader dashed neutral", frame.Y(line.Value), true)))
            .Select(end => end with { Y = Math.Clamp(end.Y, plot.Top, plot.Bottom) }).ToArray();
        var places = TextSize.Spread([.. ends.Select(end => end.Y)], plot.Top - 8, plot.Bottom + 8);
        foreach (var (end, place) in ends.Zip(places))
        {
            // A line that stops early is not joined to its name: the stroke would look like a part of it.
            svg.Empty("path", ("class", end.Style), ("d", $"M{Place(plot.Right + 3, end.Joined ? end.Y : place)}L{Place(plot.Right + Stroke - 2, place)}"));
            svg.Label(TextSize.Shorten(end.Name, room + PlotFrame.RightMargin - Stroke), plot.Right + Stroke + 3, place + 4, "end");
        }
    }

    private static IEnumerable<Series> Named(LineChart chart) => chart.Series.Where(line => !line.Dashed);

    private static IEnumerable<End> EndOf(Series line, PlotFrame frame, AxisMap horizontal, AxisMap vertical)
    {
        var style = "line leader " + Palette.Class(line.Neutral ? null : line.Colour);
        return line.Points.Where(point => horizontal.Shows(point.X) && vertical.Shows(point.Y)).TakeLast(1)
            .Select(point => new End(line.Name, style, frame.Y(point.Y), horizontal.Position(point.X) > 0.99));
    }

    private static string Place(double x, double y) => $"{SvgWriter.Number(x)} {SvgWriter.Number(y)}";

    private sealed record End(string Name, string Style, double Y, bool Joined);
}
