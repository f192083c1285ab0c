namespace RnnZoo.Plots;

/// <summary>What stands over the charts of a figure: title, subtitle and legend, in as many lines as they need.</summary>
internal sealed class Heading
{
    private const double TitleSize = 18;
    private const double TitleLine = 24;
    private const double SubtitleLine = 18;
    private const double LegendLine = 20;

    private readonly IReadOnlyList<string> _title;
    private readonly IReadOnlyList<string> _subtitle;
    private readonly List<List<LegendEntry>> _legend;

    private Heading(IReadOnlyList<string> title, IReadOnlyList<string> subtitle, List<List<LegendEntry>> legend)
    {
        _title = title;
        _subtitle = subtitle;
        _legend = legend;
    }

    public double Height => 10 + (_title.Count * TitleLine) + (_subtitle.Count * SubtitleLine) + (_legend.Count * LegendLine) + 12;

    public static Heading Of(Figure figure, double width)
    {
        var legend = new List<List<LegendEntry>>();
        var used = 0.0;
        foreach (var entry in figure.Panels.SelectMany(panel => panel.Legend).DistinctBy(entry => entry.Name))
        {
            if (legend.Count == 0 || used + entry.Width > width)
            {
                legend.Add([]);
                used = 0;
            }

            legend[^1].Add(entry);
            used += entry.Width;
        }

        return new Heading(
            TextSize.Wrap(figure.Title, width, TitleSize),
            figure.Subtitle.Length > 0 ? TextSize.Wrap(figure.Subtitle, width) : [],
            legend);
    }

    public void Draw(SvgWriter svg, double left)
    {
        var y = 10.0;
        foreach (var line in _title)
        {
            svg.Label(line, left, (y += TitleLine), "title");
        }

        foreach (var line in _subtitle)
        {
            svg.Label(line, left, (y += SubtitleLine) + 2, "soft");
        }

        foreach (var line in _legend)
        {
            DrawLegend(svg, line, left, y += LegendLine);
        }
    }

    private static void DrawLegend(SvgWriter svg, List<LegendEntry> line, double left, double y)
    {
        foreach (var entry in line)
        {
            svg.Open("g", ("class", Palette.Class(entry.Colour)));
            if (entry.Colour is null || entry.Dashed)
            {
                svg.Empty("path", ("class", entry.Dashed ? "line dashed" : "line"), ("d", $"M{SvgWriter.Number(left)} {SvgWriter.Number(y)}h18"));
            }
            else
            {
                svg.Empty("rect", ("class", "fill"), ("x", left), ("y", y - 2), ("width", 18.0), ("height", 4.0), ("rx", 2.0));
            }

            svg.Close();
            svg.Label(entry.Name, left + 24, y + 4, "legend");
            left += entry.Width;
        }
    }
}
