using System.Text;

namespace RnnZoo.Plots;

/// <summary>Draws one series: a path per run of points, and markers whose shape tells the series apart without colour.</summary>
internal static class LineDrawing
{
    public static void Draw(SvgWriter svg, Series series, IReadOnlyList<(double X, double Y)[]> pieces)
    {
        svg.Open("g", ("class", Palette.Class(series.Neutral ? null : series.Colour)));
        svg.Text(series.Name, "title");
        foreach (var piece in pieces)
        {
            if (piece.Length > 1)
            {
                svg.Empty("path", ("class", series.Dashed ? "line dashed" : "line"), ("d", Path(PathSimplifier.Simplify(piece))));
            }

            if (series.Markers || piece.Length == 1)
            {
                foreach (var (x, y) in piece)
                {
                    DrawMarker(svg, series.Colour, x, y);
                }
            }
        }

        svg.Close();
    }

    private static string Path(IEnumerable<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        foreach (var (x, y) in points)
        {
            path.Append(path.Length == 0 ? 'M' : 'L').Append(SvgWriter.Number(x)).Append(' ').Append(SvgWriter.Number(y));
        }

        return path.ToString();
    }

    private static void DrawMarker(SvgWriter svg, int colour, double x, double y)
    {
        string At(double dx, double dy) => $"{SvgWriter.Number(x + dx)} {SvgWriter.Number(y + dy)}";
        switch (((colour % 4) + 4) % 4)
        {
            case 0:
                svg.Empty("circle", ("class", "marker"), ("cx", x), ("cy", y), ("r", 4.5));
                break;
            case 1:
                svg.Empty("rect", ("class", "marker"), ("x", x - 4), ("y", y - 4), ("width", 8.0), ("height", 8.0));
                break;
            case 2:
                svg.Empty("path", ("class", "marker"), ("d", $"M{At(0, -5.5)}L{At(5, 4)}L{At(-5, 4)}Z"));
                break;
            default:
                svg.Empty("path", ("class", "marker"), ("d", $"M{At(0, -5.5)}L{At(5.5, 0)}L{At(0, 5.5)}L{At(-5.5, 0)}Z"));
                break;
        }
    }
}

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

/// <summary>
/// Leaves out the points of a long path that nobody would miss. Source: D. Douglas and T. Peucker, "Algorithms for the
/// reduction of the number of points required to represent a digitized line", 1973.
/// </summary>
internal static class PathSimplifier
{
    private const int ShortEnough = 20;
    private const double Tolerance = 0.1; // Positions are written to a tenth.

    /// <returns>The first point, the last, and as many between as keep the path within a tenth of a pixel; a short path as it is.</returns>
    public static IEnumerable<(double X, double Y)> Simplify((double X, double Y)[] points)
    {
        if (points.Length <= ShortEnough)
        {
            return points;
        }

        var kept = new bool[points.Length];
        kept[0] = kept[^1] = true;
        var parts = new Stack<(int From, int To)>([(0, points.Length - 1)]);
        while (parts.TryPop(out var part))
        {
            var (farthest, distance) = Farthest(points, part.From, part.To);
            if (distance > Tolerance)
            {
                kept[farthest] = true;
                parts.Push((part.From, farthest));
                parts.Push((farthest, part.To));
            }
        }

        return points.Where((_, index) => kept[index]);
    }

    private static (int Index, double Distance) Farthest((double X, double Y)[] points, int from, int to)
    {
        var (x, y) = (points[to].X - points[from].X, points[to].Y - points[from].Y);
        var length = Math.Sqrt((x * x) + (y * y));
        var farthest = (Index: from, Distance: -1.0);
        for (var index = from + 1; index < to; index++)
        {
            var (dx, dy) = (points[index].X - points[from].X, points[index].Y - points[from].Y);
            var distance = length > 0 ? Math.Abs((x * dy) - (y * dx)) / length : Math.Sqrt((dx * dx) + (dy * dy));
            farthest = distance > farthest.Distance ? (index, distance) : farthest;
        }

        return farthest;
    }
}
