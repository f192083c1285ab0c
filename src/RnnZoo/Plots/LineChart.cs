using System.Globalization;
using System.Text;
using ScottPlot;

namespace RnnZoo.Plots;

/// <summary>Lines over a horizontal axis of numbers, such as a loss against steps.</summary>
public sealed record LineChart : ChartPanel
{
    // A marker's shape tells series apart without colour.
    private static readonly MarkerShape[] Shapes = [MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond];

    /// <summary>Makes a chart.</summary>
    /// <param name="title">The heading over the chart.</param>
    /// <param name="horizontal">The horizontal axis.</param>
    /// <param name="vertical">The vertical axis.</param>
    /// <param name="series">The lines; the first is drawn first.</param>
    public LineChart(string title, Axis horizontal, Axis vertical, IReadOnlyList<Series> series)
        : base(title)
    {
        Horizontal = horizontal;
        Vertical = vertical;
        Series = series;
    }

    /// <summary>The horizontal axis.</summary>
    public Axis Horizontal { get; init; }

    /// <summary>The vertical axis.</summary>
    public Axis Vertical { get; init; }

    /// <summary>The lines.</summary>
    public IReadOnlyList<Series> Series { get; init; }

    /// <summary>Horizontal lines to compare with.</summary>
    public IReadOnlyList<ReferenceLine> ReferenceLines { get; init; } = [];

    /// <summary>
    /// Whether solid and reference lines are named at their right ends rather than in the figure's legend: better to read where lines
    /// are many or their names belong to this chart alone.
    /// </summary>
    public bool EndLabels { get; init; }

    /// <summary>What solid and dashed lines mean; null where there is one style.</summary>
    public LineStyleNames? StyleNames { get; init; }

    internal override IEnumerable<LegendItem> Legend => EndLabels
        ? StyleNames is { } names ? [Named(names.Solid, null), Named(names.Dashed, null, dashed: true)] : []
        : Series.Select(series => Named(series.Name, series.Neutral ? null : series.Colour, series.Dashed));

    internal AxisMap FitHorizontal()
        => AxisMap.Fit(Horizontal, Series.SelectMany(series => series.Points).Select(point => point.X), HorizontalPadding);

    internal AxisMap FitVertical()
    {
        var values = Series.SelectMany(series => series.Points).Select(point => point.Y);
        return AxisMap.Fit(Vertical, values.Concat(ReferenceLines.Select(line => line.Value)), 0.05);
    }

    // Markers at the ends need room; a plain line may touch the frame.
    private double HorizontalPadding => Series.Any(series => series.Markers) ? 0.04 : 0;

    internal override string Describe()
    {
        var text = new StringBuilder($"{Title}: {Vertical.Title} against {Horizontal.Title}.");
        foreach (var series in Series)
        {
            var ends = series.Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).ToArray();
            text.Append(CultureInfo.InvariantCulture, $" {series.Name}: ");
            text.Append(ends.Length == 0
                ? "no values."
                : string.Create(CultureInfo.InvariantCulture, $"from {ends[0].Y:G3} to {ends[^1].Y:G3}."));
        }

        foreach (var line in ReferenceLines)
        {
            text.Append(CultureInfo.InvariantCulture, $" {line.Label}.");
        }

        return text.ToString();
    }

    private protected override void Draw(Plot plot)
    {
        var (horizontal, vertical) = (FitHorizontal(), FitVertical());
        // A line or a marker at an end is not cut in half.
        var (room, side) = (0.03 * (vertical.High - vertical.Low), Series.Any(series => series.Markers) ? 0.02 * (horizontal.High - horizontal.Low) : 0);
        SetAxis(plot.Axes.Bottom, Horizontal.Title, horizontal.Low - side, horizontal.High + side, TicksApart.Of(horizontal));
        SetAxis(plot.Axes.Left, Vertical.Title, vertical.Low - room, vertical.High + room, TicksApart.Of(vertical));
        var references = DrawReferences(plot, ReferenceLines, vertical);
        foreach (var series in Series)
        {
            DrawSeries(plot, series, horizontal, vertical);
        }

        if (EndLabels)
        {
            plot.Axes.Right.LockSize(0);
            plot.Axes.AddPanel(new NamesBeside([.. Series.Where(line => !line.Dashed).SelectMany(line => NameAtEnd(line, horizontal, vertical)), .. references]));
        }
        else if (references.Length > 0)
        {
            plot.PlottableList.Add(new NamesOver(references));
        }
    }

    private static void DrawSeries(Plot plot, Series series, AxisMap horizontal, AxisMap vertical)
    {
        bool Shows(ChartPoint point) => horizontal.Shows(point.X) && vertical.Shows(point.Y);
        Coordinates Place(ChartPoint point) => Shows(point) ? new Coordinates(horizontal.Place(point.X), vertical.Place(point.Y)) : Coordinates.NaN;
        var colour = Palette.Of(series.Neutral ? null : series.Colour);
        var line = plot.Add.Scatter(series.Points.Select(Place).ToArray(), colour);
        (line.LegendText, line.LineWidth, line.LinePattern) = (series.Name, series.Dashed ? 1.5f : 2, series.Dashed ? LinePattern.DenselyDashed : LinePattern.Solid);
        line.MarkerSize = 0;
        // Without a neighbour to join it to, a point would not be seen.
        bool IsAlone(int index) => !new[] { index - 1, index + 1 }.Any(other => other >= 0 && other < series.Points.Count
            && Shows(series.Points[other]) && series.Points[other] != series.Points[index]);
        var marked = series.Points.Where((point, index) => Shows(point) && (series.Markers || IsAlone(index)));
        var markers = plot.Add.Markers(marked.Select(Place).ToArray(), Shapes[((series.Colour % Shapes.Length) + Shapes.Length) % Shapes.Length], 9, colour);
        (markers.MarkerLineColor, markers.MarkerLineWidth) = (Colors.White, 1.5f);
    }

    private static IEnumerable<LineName> NameAtEnd(Series line, AxisMap horizontal, AxisMap vertical)
        => line.Points.Where(point => horizontal.Shows(point.X) && vertical.Shows(point.Y)).TakeLast(1)
            .Select(end => new LineName(line.Name, vertical.Place(end.Y), Palette.Of(line.Neutral ? null : line.Colour), Joined: horizontal.Position(end.X) > 0.99));
}

/// <summary>A named line of points.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">The points, in the order in which they are joined.</param>
public sealed record Series(string Name, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>The place in the palette, so that one name keeps one colour across panels; wraps around.</summary>
    public int Colour { get; init; }

    /// <summary>Whether each point gets a marker.</summary>
    public bool Markers { get; init; }

    /// <summary>Whether the line is dashed and thin, as for a prediction beside what was measured.</summary>
    public bool Dashed { get; init; }

    /// <summary>Whether the line has the colour of text instead of one of the palette.</summary>
    public bool Neutral { get; init; }

    /// <summary>Means of consecutive, equally large groups of points, so that a long noisy series stays readable and small.</summary>
    /// <param name="maximumPoints">How many points to keep at most.</param>
    /// <returns>
    /// This series if it is short enough; else one whose points are the means of groups (the last may be smaller).
    /// Points that are not finite are left out of the means; a group without a finite point is a gap.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumPoints"/> is below 1.</exception>
    public Series Smoothed(int maximumPoints)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumPoints, 1);
        if (Points.Count <= maximumPoints)
        {
            return this;
        }

        var size = (Points.Count + maximumPoints - 1) / maximumPoints;
        return this with { Points = [.. Points.Chunk(size).Select(Mean)] };
    }

    private static ChartPoint Mean(ChartPoint[] group)
    {
        var finite = group.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).ToArray();
        return finite.Length == 0
            ? new ChartPoint(double.NaN, double.NaN)
            : new ChartPoint(finite.Average(point => point.X), finite.Average(point => point.Y));
    }
}

/// <summary>One point of a series. A coordinate that is not finite makes a gap in the line.</summary>
/// <param name="X">The horizontal coordinate, in the unit of the horizontal axis.</param>
/// <param name="Y">The vertical coordinate, in the unit of the vertical axis.</param>
public readonly record struct ChartPoint(double X, double Y);

/// <summary>What solid and dashed lines mean, for the legend.</summary>
/// <param name="Solid">What the solid lines are, such as "measured".</param>
/// <param name="Dashed">What the dashed lines are, such as "predicted".</param>
public sealed record LineStyleNames(string Solid, string Dashed);
