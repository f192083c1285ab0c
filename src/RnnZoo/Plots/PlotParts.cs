using ScottPlot;
using ScottPlot.Plottables;
using SkiaSharp;

namespace RnnZoo.Plots;

/// <summary>Ticks at given places. Labels that would touch the one before are left out, their ticks stay.</summary>
internal sealed class TicksApart(IReadOnlyList<(double Place, string Label)> ticks) : ITickGenerator
{
    private const double Gap = 4;

    public Tick[] Ticks { get; set; } = [];

    public int MaxTickCount { get; set; } = int.MaxValue;

    public static TicksApart Of(AxisMap axis) => new([.. axis.Ticks.Select(tick => (axis.Place(tick), Plots.Ticks.Label(tick)))]);

    public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
    {
        var shown = new List<Tick>();
        var free = double.NegativeInfinity;
        foreach (var (place, label) in ticks.Where(tick => range.Contains(tick.Place)).OrderBy(tick => tick.Place))
        {
            var middle = (place - range.Min) / range.Span * size.Length;
            var isBeside = edge is Edge.Left or Edge.Right;
            var half = isBeside ? PlotText.LineHeight / 2 * labelStyle.FontSize / PlotText.Size : PlotText.Width(label) / 2;
            var fits = middle - half >= free;
            shown.Add(Tick.Major(place, fits ? label : ""));
            free = fits ? middle + half + (isBeside ? 0 : Gap) : free;
        }

        Ticks = [.. shown];
    }
}

/// <summary>A name beside a line or over it.</summary>
/// <param name="Text">The name.</param>
/// <param name="Place">Where the line lies on the vertical axis.</param>
/// <param name="Colour">The line's colour.</param>
/// <param name="Joined">Whether the line reaches the right edge; one that stops early is not joined to its name, for the stroke would look like a part of it.</param>
internal sealed record LineName(string Text, double Place, Color Colour, bool Joined = true);

/// <summary>
/// Names lines at their right ends, right of the plot, moved apart where they would overlap, each with a stroke of its
/// line's colour.
/// </summary>
internal sealed class NamesBeside : IPanel
{
    private const float Stroke = 16;
    private const double Widest = 190;
    private readonly LineName[] _names;

    public NamesBeside(IEnumerable<LineName> names) => _names = [.. names.Select(name => name with { Text = PlotText.Shorten(name.Text, Widest) })];

    public bool IsVisible { get; set; } = true;

    public float MinimumSize { get; set; }

    public float MaximumSize { get; set; } = float.MaxValue;

    public Edge Edge => Edge.Right;

    public bool ShowDebugInformation { get; set; }

    public float Measure(Paint paint) => Stroke + 8 + (float)_names.Select(name => PlotText.Width(name.Text)).DefaultIfEmpty(0).Max();

    public PixelRect GetPanelRect(PixelRect dataRect, float size, float offset, Paint paint)
        => new(dataRect.Right + offset, dataRect.Right + offset + size, dataRect.Bottom, dataRect.Top);

    public void Render(RenderPack rp, float size, float offset)
    {
        var (plot, left) = (rp.DataRect, rp.DataRect.Right + offset);
        var ends = _names.Select(name => Math.Clamp(rp.Plot.Axes.Left.GetPixel(name.Place, plot), plot.Top, plot.Bottom)).ToArray();
        var places = PlotText.Spread([.. ends.Select(end => (double)end)], plot.Top - 8, plot.Bottom + 8);
        for (var index = 0; index < _names.Length; index++)
        {
            var (name, place) = (_names[index], (float)places[index]);
            new LineStyle(1.25f, name.Colour).Render(rp.Canvas, new PixelLine(left + 3, name.Joined ? ends[index] : place, left + Stroke - 2, place), rp.Paint);
            PlotText.Label(name.Text, Palette.Ink, Alignment.MiddleLeft).Render(rp.Canvas, new Pixel(left + Stroke + 3, place), rp.Paint);
        }
    }
}

/// <summary>Names reference lines just over their right ends, where a curve that got better has left the place free.</summary>
internal sealed class NamesOver(IReadOnlyList<LineName> names) : IPlottable, IRenderLast
{
    private const float Height = 16;

    public bool IsVisible { get; set; } = true;

    public IAxes Axes { get; set; } = new Axes();

    public IEnumerable<LegendItem> LegendItems => [];

    public AxisLimits GetAxisLimits() => AxisLimits.NoLimits;

    public void Render(RenderPack rp)
    {
    }

    /// <summary>Over the lines, which ScottPlot draws last too.</summary>
    public void RenderLast(RenderPack rp)
    {
        var plot = rp.DataRect;
        var lines = names.Select(name => (double)Axes.YAxis!.GetPixel(name.Place, plot)).ToArray();
        var places = PlotText.Spread([.. lines.Select(y => y - Height < plot.Top ? y + (Height / 2) + 4 : y - 10)], plot.Top, plot.Bottom);
        foreach (var (name, place) in names.Zip(places))
        {
            var label = PlotText.Label(name.Text, Palette.Soft, Alignment.MiddleRight);
            label.BackgroundColor = Colors.White.WithAlpha(0.75);
            label.Render(rp.Canvas, new Pixel(plot.Right - 4, (float)place), rp.Paint);
        }
    }
}

/// <summary>
/// Draws the cells of a heat map as an image of at least as many pixels as the chart has: some programs that show an SVG
/// smooth a smaller one, and cells would run into each other.
/// </summary>
internal sealed class SharpCells : Heatmap.IRenderStrategy
{
    private const int Fine = 900;

    public void Render(RenderPack rp, Heatmap hm)
    {
        var (rows, columns) = (hm.Intensities.GetLength(0), hm.Intensities.GetLength(1));
        var (down, across) = (Math.Max(1, Fine / 2 / rows), Math.Max(1, Fine / columns));
        using var image = new SKBitmap(columns * across, rows * down);
        using var pixels = new SKCanvas(image);
        using var paint = new SKPaint { IsAntialias = false };
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var value = hm.Intensities[row, column];
                paint.Color = (double.IsNaN(value) ? hm.NaNCellColor : hm.Colormap.GetColor(value, hm.GetRange())).ToSKColor();
                pixels.DrawRect(column * across, row * down, across, down, paint);
            }
        }

        rp.Canvas.DrawBitmap(image, hm.Axes.GetPixelRect(hm.GetAlignedExtent()).ToSKRect());
    }
}
