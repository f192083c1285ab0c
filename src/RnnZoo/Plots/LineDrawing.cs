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
