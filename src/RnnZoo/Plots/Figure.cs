using ScottPlot;
using SkiaSharp;

namespace RnnZoo.Plots;

/// <summary>Charts side by side with a shared legend, drawn by ScottPlot.</summary>
/// <remarks>
/// As an SVG that scales to the width that it is given and carries a title and a description for screen readers, as a
/// PNG, or as ScottPlot's own object, to be restyled.
/// </remarks>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed record Figure : Display.IPicture
{
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

    /// <summary>
    /// The figure as ScottPlot's object, which can be changed before it is saved: its first plot is the heading with the
    /// legend, the others are <see cref="Panels"/>. On a logarithmic axis ScottPlot's values are powers of ten.
    /// </summary>
    /// <returns>A new one at each call.</returns>
    public Multiplot ToMultiplot() => new FigureHeading(this).Draw();

    /// <summary>The figure as an SVG document, without an XML declaration, so that it also stands inside HTML.</summary>
    /// <param name="restyled">What <see cref="ToMultiplot"/> gave, changed; null draws the figure as it is.</param>
    /// <returns>The document; the same figure always gives the same text.</returns>
    public string ToSvg(Multiplot? restyled = null)
    {
        var (width, height) = new FigureHeading(this).Size;
        var description = string.Join(' ', Panels.Select(panel => panel.Describe()).Prepend(Subtitle).Where(text => text.Length > 0));
        return SvgPicture.Draw(restyled ?? ToMultiplot(), width, height, Title, description);
    }

    /// <summary>The figure for a notebook: the same SVG, which HTML takes as it is.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToSvg();

    string Display.IPicture.ToSvg() => ToSvg();

    /// <summary>The figure as a PNG.</summary>
    /// <param name="restyled">What <see cref="ToMultiplot"/> gave, changed; null draws the figure as it is.</param>
    /// <param name="scale">How many pixels stand for one of the SVG's.</param>
    /// <returns>The file's bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scale"/> is not above 0.</exception>
    public byte[] ToPng(Multiplot? restyled = null, double scale = 2)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        var (width, height) = new FigureHeading(this).Size;
        using var bitmap = new SKBitmap((int)Math.Ceiling(width * scale), (int)Math.Ceiling(height * scale));
        using var canvas = new SKCanvas(bitmap);
        canvas.Scale((float)scale);
        (restyled ?? ToMultiplot()).Render(canvas, new PixelRect((float)(bitmap.Width / scale), (float)(bitmap.Height / scale)));
        canvas.Flush();
        using var file = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return file.ToArray();
    }
}

/// <summary>One chart of a <see cref="Figure"/>.</summary>
public abstract record ChartPanel
{
    /// <summary>The width of a chart with its labels, in pixels.</summary>
    internal const float Width = 460;

    /// <summary>The height of a chart with its labels and title, in pixels.</summary>
    internal const float Height = 310;

    private const float TitleSize = 14;

    private protected ChartPanel(string title) => Title = title;

    /// <summary>The heading over the chart.</summary>
    public string Title { get; init; }

    internal abstract IEnumerable<LegendItem> Legend { get; }

    /// <summary>The chart in words, for those who cannot see it.</summary>
    internal abstract string Describe();

    /// <summary>The chart as ScottPlot's object.</summary>
    internal Plot ToPlot()
    {
        var plot = new Plot();
        PlotText.Set(plot.Axes.Title.Label, string.Join('\n', PlotText.Wrap(Title, Width - 100, TitleSize, bold: true)), Palette.Ink, TitleSize, bold: true);
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Grid.MajorLineColor = Palette.Grid;
        foreach (var axis in plot.Axes.GetAxes())
        {
            axis.FrameLineStyle.Width = axis.Edge == Edge.Bottom ? 1 : 0;
            (axis.FrameLineStyle.Color, axis.MajorTickStyle.Color) = (Palette.Frame, Palette.Frame);
            PlotText.Set(axis.TickLabelStyle, "", Palette.Soft);
        }

        plot.Axes.Top.LockSize(8);
        plot.Axes.Right.LockSize(20);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.HideLegend(); // the figure has one for all
        Draw(plot);
        return plot;
    }

    private protected abstract void Draw(Plot plot);

    /// <summary>Sets an axis' title, ends and ticks.</summary>
    private protected static void SetAxis(IAxis axis, string title, double low, double high, TicksApart ticks)
    {
        (axis.Min, axis.Max, axis.TickGenerator) = (low, high, ticks);
        PlotText.Set(axis.Label, PlotText.Shorten(title, (axis.Edge == Edge.Left ? Height : Width) - 100), Palette.Soft);
    }

    /// <summary>Draws dashed lines to compare with, and tells their names.</summary>
    private protected static LineName[] DrawReferences(Plot plot, IEnumerable<ReferenceLine> lines, AxisMap vertical)
    {
        var shown = lines.Where(line => vertical.Shows(line.Value) && vertical.Position(line.Value) is >= 0 and <= 1).ToArray();
        foreach (var line in shown)
        {
            plot.Add.HorizontalLine(vertical.Place(line.Value), 1.25f, Palette.Soft, LinePattern.DenselyDashed).EnableAutoscale = false;
        }

        return [.. shown.Select(line => new LineName(line.Label, vertical.Place(line.Value), Palette.Soft))];
    }

    /// <summary>A name and a piece of the line that it names.</summary>
    private protected static LegendItem Named(string name, int? colour, bool dashed = false) => new()
    {
        LabelText = name,
        LineColor = Palette.Of(colour),
        LineWidth = dashed ? 1.5f : 3,
        LinePattern = dashed ? LinePattern.DenselyDashed : LinePattern.Solid,
    };
}

/// <summary>A horizontal line that marks a value to compare with, such as a baseline.</summary>
/// <param name="Value">Where it lies on the vertical axis.</param>
/// <param name="Label">What it marks.</param>
public sealed record ReferenceLine(double Value, string Label);

/// <summary>What stands over the charts of a figure, title, subtitle and legend, in as many lines as they need; and where the charts stand.</summary>
internal sealed class FigureHeading : IMultiplotLayout
{
    private const float Margin = 20;
    private const float Gap = 10;
    private const float Left = Margin + 8;
    private const float TitleSize = 18;
    private readonly Figure _figure;
    private readonly int _columns;
    private readonly Plot _heading = new();
    private readonly float _height;

    public FigureHeading(Figure figure)
    {
        _figure = figure;
        var count = figure.Panels.Count;
        _columns = Math.Clamp(figure.Columns ?? (int)Math.Ceiling(Math.Sqrt(count)), 1, count);
        var width = (_columns * ChartPanel.Width) + (2 * Margin);
        _heading.HideAxesAndGrid();
        _heading.Layout.Frameless();
        _height = Write(figure.Title, 12, width, TitleSize, bold: true);
        _height = figure.Subtitle.Length > 0 ? Write(figure.Subtitle, _height + 2, width, PlotText.Size, bold: false) : _height;
        _height = AddLegend(_height + 4, width) + 8;
        Size = ((int)width, (int)Math.Ceiling(_height + ((count + _columns - 1) / _columns * ChartPanel.Height) + Margin));
    }

    /// <summary>The figure's size in pixels.</summary>
    public (int Width, int Height) Size { get; }

    public Multiplot Draw()
    {
        var multiplot = new Multiplot(_heading) { Layout = this };
        multiplot.Subplots.PlotAddedAction = _ => { }; // else each plot would take over the style of the one before
        foreach (var panel in _figure.Panels)
        {
            multiplot.Subplots.Add(panel.ToPlot());
        }

        return multiplot;
    }

    /// <summary>The heading lies behind all, so that the whole picture has its background.</summary>
    public PixelRect[] GetSubplotRectangles(SubplotCollection subplots, PixelRect figureRect)
    {
        var rows = Math.Max(1, (subplots.Count - 1 + _columns - 1) / _columns);
        var (width, height) = ((figureRect.Width - (2 * Margin)) / _columns, (figureRect.Height - _height - Margin) / rows);
        return [figureRect, .. Enumerable.Range(0, subplots.Count - 1).Select(index => new PixelRect(
            new Pixel(figureRect.Left + Margin + (index % _columns * width), figureRect.Top + _height + (index / _columns * height)), width - Gap, height))];
    }

    /// <returns>Where it ends.</returns>
    private float Write(string text, float top, float width, float size, bool bold)
    {
        var lines = PlotText.Wrap(text, width - (2 * Left), size, bold);
        var written = _heading.Add.Annotation(string.Join('\n', lines));
        PlotText.Set(written.LabelStyle, written.Text, bold ? Palette.Ink : Palette.Soft, size, bold);
        (written.LabelBackgroundColor, written.LabelBorderColor, written.LabelShadowColor) = (Colors.Transparent, Colors.Transparent, Colors.Transparent);
        (written.OffsetX, written.OffsetY) = (Left, top);
        using var paint = Paint.NewDisposablePaint();
        return top + written.LabelStyle.Measure(written.Text, paint).Height;
    }

    /// <returns>Where it ends.</returns>
    private float AddLegend(float top, float width)
    {
        LegendItem[] items = [.. _figure.Panels.SelectMany(panel => panel.Legend).DistinctBy(item => item.LabelText)];
        if (items.Length == 0)
        {
            return top;
        }

        var legend = _heading.ShowLegend(items, Alignment.UpperLeft);
        foreach (var item in items)
        {
            PlotText.Set(item.LabelStyle, item.LabelText, Palette.Ink);
        }

        (legend.Orientation, legend.TightHorizontalWrapping) = (Orientation.Horizontal, true);
        (legend.OutlineWidth, legend.BackgroundColor, legend.ShadowColor) = (0, Colors.Transparent, Colors.Transparent);
        (legend.Padding, legend.Margin, legend.InterItemPadding) = (new PixelPadding(0), new PixelPadding(Left, Left, 0, top), new PixelPadding(0, 20, 2, 2));
        using var paint = Paint.NewDisposablePaint();
        return top + legend.GetLayout(new PixelSize(width - (2 * Left), 1000), paint).LegendRect.Height;
    }
}
