using System.Security.Cryptography;
using System.Text;

namespace RnnZoo.Plots;

/// <summary>
/// Charts side by side as one SVG picture, with a shared legend. It scales to the width that it is given, follows the
/// reader's light or dark setting, and carries a title and a description for screen readers.
/// </summary>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed record Figure : Display.IPicture
{
    private const double PanelWidth = 460;
    private const double PanelHeight = 310;
    private const double Margin = 20;

    /// <summary>Makes a figure.</summary>
    /// <param name="title">The heading over all charts.</param>
    /// <param name="panels">The charts, in reading order; at least one.</param>
    /// <exception cref="ArgumentException"><paramref name="panels"/> is empty.</exception>
    public Figure(string title, IReadOnlyList<ChartPanel> panels)
    {
        if (panels.Count == 0)
        {
            throw new ArgumentException("panels: expected at least one chart, got none.", nameof(panels));
        }

        Title = title;
        Panels = panels;
    }

    /// <summary>The heading over all charts.</summary>
    public string Title { get; }

    /// <summary>A line under the heading: what was measured, and how.</summary>
    public string Subtitle { get; init; } = "";

    /// <summary>The charts, in reading order.</summary>
    public IReadOnlyList<ChartPanel> Panels { get; }

    /// <summary>How many charts stand side by side; null lets the figure choose.</summary>
    public int? Columns { get; init; }

    /// <summary>The figure as an SVG document, without an XML declaration, so that it also stands inside HTML.</summary>
    /// <returns>The document; the same figure always gives the same text.</returns>
    public string ToSvg()
    {
        var columns = Math.Clamp(Columns ?? (int)Math.Ceiling(Math.Sqrt(Panels.Count)), 1, Panels.Count);
        var rows = (Panels.Count + columns - 1) / columns;
        var width = (columns * PanelWidth) + (2 * Margin);
        var heading = Heading.Of(this, width - (2 * (Margin + 8)));
        var header = heading.Height;
        var height = header + (rows * PanelHeight) + Margin;
        var id = Identity();

        using var svg = new SvgWriter();
        svg.Open("svg", ("id", id), ("viewBox", $"0 0 {SvgWriter.Number(width)} {SvgWriter.Number(height)}"),
            ("width", "100%"), ("style", $"max-width:{SvgWriter.Number(width)}px;height:auto"),
            ("role", "img"), ("aria-labelledby", $"{id}-title {id}-desc"));
        svg.Text(Title, "title", ("id", $"{id}-title"));
        svg.Text(Description(), "desc", ("id", $"{id}-desc"));
        svg.Text(Palette.StyleSheet(id) + (Panels.Any(panel => panel.HasCells) ? ColourScale.StyleSheet(id) : ""), "style");
        svg.Empty("rect", ("class", "page"), ("width", width), ("height", height), ("rx", 6.0));
        heading.Draw(svg, Margin + 8);
        for (var index = 0; index < Panels.Count; index++)
        {
            var left = Margin + (index % columns * PanelWidth);
            var top = header + (index / columns * PanelHeight);
            DrawPanel(svg, Panels[index], new Area(left, top, PanelWidth, PanelHeight), $"{id}-clip{index}");
        }

        svg.Close();
        return svg.ToString();
    }

    /// <summary>The figure for a notebook: the same SVG, which HTML takes as it is.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToSvg();

    private string Description()
        => string.Join(' ', Panels.Select(panel => panel.Describe()).Prepend(Subtitle).Where(text => text.Length > 0));

    /// <summary>A name of its own for each figure, for several may stand in one page and share its names and styles.</summary>
    private string Identity()
    {
        var content = string.Join('\n', Panels.Select(panel => panel.Describe()).Prepend(Subtitle).Prepend(Title));
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(content));
        return "chart-" + Convert.ToHexStringLower(hash.AsSpan(0, 6));
    }

    private static void DrawPanel(SvgWriter svg, ChartPanel panel, Area area, string clipId)
    {
        var plot = new Area(area.Left + 64, area.Top + 40, area.Width - 64 - PlotFrame.RightMargin, area.Height - 96);
        svg.Open("g");
        svg.Label(TextSize.Shorten(panel.Title, PanelWidth - 16, 14), area.Left + 8, area.Top + 16, "heading");
        svg.Open("clipPath", ("id", clipId));
        svg.Empty("rect", ("x", plot.Left - 1), ("y", plot.Top - 6), ("width", plot.Width + 7), ("height", plot.Height + 7));
        svg.Close();
        panel.Draw(svg, plot, clipId);
        svg.Close();
    }
}

/// <summary>One chart of a <see cref="Figure"/>.</summary>
public abstract record ChartPanel
{
    private protected ChartPanel(string title) => Title = title;

    /// <summary>The heading over the chart.</summary>
    public string Title { get; init; }

    internal abstract IEnumerable<LegendEntry> Legend { get; }

    /// <summary>Whether it needs the colours of a colour scale.</summary>
    internal virtual bool HasCells => false;

    /// <summary>The chart in words, for those who cannot see it.</summary>
    internal abstract string Describe();

    internal abstract void Draw(SvgWriter svg, Area plot, string clipId);
}

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

/// <summary>A name and how what it names is drawn.</summary>
/// <param name="Name">The name of a series.</param>
/// <param name="Colour">Its place in the palette; null for the colour of text.</param>
/// <param name="Dashed">Whether its line is dashed.</param>
internal sealed record LegendEntry(string Name, int? Colour, bool Dashed = false)
{
    public double Width => 24 + TextSize.Width(Name) + 20;
}
