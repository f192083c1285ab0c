using System.Globalization;
using System.Text;

namespace RnnZoo.Plots;

/// <summary>
/// A grid of values as colours, such as the gradient at each timestep of each training step, with a bar that says which
/// colour is which value. Values that are not finite, and on a log scale those of zero and below, are hatched.
/// </summary>
public sealed record HeatMap : ChartPanel
{
    private const double BarWidth = 12;
    private const double BarGap = 12;

    /// <summary>Makes a chart.</summary>
    /// <param name="title">The heading over the chart.</param>
    /// <param name="horizontal">The horizontal axis; its ends come from <paramref name="columns"/>.</param>
    /// <param name="columns">What each column stands for, rising.</param>
    /// <param name="vertical">The vertical axis; its ends come from <paramref name="rows"/>.</param>
    /// <param name="rows">What each row stands for, rising; the first row lies at the bottom.</param>
    /// <param name="colour">The scale of the values; values beyond its ends take the colour of the end.</param>
    /// <param name="values">One list per row, with one value per column.</param>
    /// <exception cref="ArgumentException">The values do not fit the rows and columns, or an axis is not linear.</exception>
    public HeatMap(string title, Axis horizontal, IReadOnlyList<double> columns, Axis vertical, IReadOnlyList<double> rows, Axis colour, IReadOnlyList<IReadOnlyList<double>> values)
        : base(title)
    {
        if (values.Count != rows.Count)
        {
            throw new ArgumentException($"values: expected {rows.Count} rows, one for each of rows, got {values.Count}.", nameof(values));
        }

        if (values.FirstOrDefault(row => row.Count != columns.Count) is { } wrong)
        {
            throw new ArgumentException($"values: expected {columns.Count} values in each row, one for each of columns, got {wrong.Count}.", nameof(values));
        }

        if (horizontal.Scale != AxisScale.Linear || vertical.Scale != AxisScale.Linear)
        {
            throw new ArgumentException("horizontal, vertical: expected linear scales, for all cells are equally large, got a logarithmic one.");
        }

        (Horizontal, Columns, Vertical, Rows, Colour, Values) = (horizontal, columns, vertical, rows, colour, values);
    }

    /// <summary>The horizontal axis.</summary>
    public Axis Horizontal { get; }

    /// <summary>What each column stands for.</summary>
    public IReadOnlyList<double> Columns { get; }

    /// <summary>The vertical axis.</summary>
    public Axis Vertical { get; }

    /// <summary>What each row stands for, from the bottom.</summary>
    public IReadOnlyList<double> Rows { get; }

    /// <summary>The scale of the values.</summary>
    public Axis Colour { get; }

    /// <summary>The values, row by row.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Values { get; }

    internal override IEnumerable<LegendEntry> Legend => [];

    internal override bool HasCells => true;

    internal AxisMap FitColour() => AxisMap.Fit(Colour, Values.SelectMany(row => row), 0, 5);

    internal override string Describe()
    {
        var scale = FitColour();
        var shown = Values.SelectMany(row => row).Where(scale.Shows).ToArray();
        var range = shown.Length == 0 ? "no values" : string.Create(CultureInfo.InvariantCulture, $"values from {shown.Min():G3} to {shown.Max():G3}");
        return $"{Title}: {Colour.Title} over {Horizontal.Title} and {Vertical.Title}: {range}.";
    }

    internal override void Draw(SvgWriter svg, Area plot, string clipId)
    {
        var scale = FitColour();
        var vertical = CellAxis.Fit(Vertical, Rows);
        var barRoom = BarGap + BarWidth + 6 + scale.Ticks.Select(tick => TextSize.Width(Ticks.Label(tick))).DefaultIfEmpty(0).Max() + TextSize.LineHeight;
        plot = PlotFrame.MakeRoom(plot, vertical, Math.Max(0, barRoom - PlotFrame.RightMargin + 4));
        var frame = new PlotFrame(plot, vertical);
        var horizontal = CellAxis.Fit(Horizontal, Columns);

        DrawHatching(svg, plot, scale, clipId);
        DrawCells(svg, plot, scale);
        svg.Empty("rect", ("class", "frame"), ("x", plot.Left), ("y", plot.Top), ("width", plot.Width), ("height", plot.Height));
        frame.DrawVerticalAxis(svg, Vertical.Title, grid: false);
        frame.DrawHorizontalAxis(svg, Horizontal.Title, horizontal.Ticks.Select(tick => (plot.Left + (horizontal.Position(tick) * plot.Width), Ticks.Label(tick))));
        ColourBar.Draw(svg, new Area(plot.Right + BarGap, plot.Top, BarWidth, plot.Height), scale, Colour.Title);
    }

    /// <summary>Lies behind the cells, and shows where there is none.</summary>
    private void DrawHatching(SvgWriter svg, Area plot, AxisMap scale, string clipId)
    {
        if (Values.All(row => row.All(scale.Shows)))
        {
            return;
        }

        svg.Open("pattern", ("id", clipId + "-hatch"), ("width", 6.0), ("height", 6.0), ("patternUnits", "userSpaceOnUse"));
        svg.Empty("path", ("class", "missing"), ("d", "M0 6L6 0"));
        svg.Close();
        svg.Open("rect", ("fill", $"url(#{clipId}-hatch)"), ("x", plot.Left), ("y", plot.Top), ("width", plot.Width), ("height", plot.Height));
        svg.Text("hatched: no value", "title");
        svg.Close();
    }

    private void DrawCells(SvgWriter svg, Area plot, AxisMap scale)
    {
        var levels = new int[Rows.Count, Columns.Count];
        for (var row = 0; row < Rows.Count; row++)
        {
            for (var column = 0; column < Columns.Count; column++)
            {
                var value = Values[Rows.Count - 1 - row][column];
                levels[row, column] = scale.Shows(value) ? ColourScale.LevelOf(scale.Position(value)) : -1;
            }
        }

        var (x, y) = (plot.Width / Math.Max(1, Columns.Count), plot.Height / Math.Max(1, Rows.Count));
        svg.Open("g", ("class", "cells"), ("transform", string.Create(CultureInfo.InvariantCulture, $"translate({plot.Left:0.#} {plot.Top:0.#}) scale({x:0.####} {y:0.####})")));
        foreach (var (level, path) in HeatCells.Paths(levels))
        {
            svg.Empty("path", ("class", ColourScale.Class(level)), ("d", path));
        }

        svg.Close();
    }
}

/// <summary>An axis along cells: its ends are the outer edges of the first and the last, its ticks stand on their middles.</summary>
internal static class CellAxis
{
    /// <param name="axis">What was asked for; given ends are not taken, for all cells are shown.</param>
    /// <param name="cells">What each cell stands for, rising, in about equal steps.</param>
    public static AxisMap Fit(Axis axis, IReadOnlyList<double> cells)
    {
        var (first, last) = cells.Count > 0 ? (cells[0], cells[^1]) : (0, 1);
        var half = cells.Count > 1 ? (last - first) / (cells.Count - 1) / 2 : 0.5;
        var ticks = axis.Ticks ?? [.. Ticks.Linear(first, last, 5).Prepend(first).Distinct()];
        return AxisMap.Fit(axis with { Scale = AxisScale.Linear, Minimum = first - half, Maximum = last + half, Ticks = Apart(ticks, last - first) }, [], 0, 5);
    }

    /// <summary>Without a round value that stands too near to the first one.</summary>
    private static double[] Apart(IReadOnlyList<double> ticks, double range)
        => [.. ticks.Where((tick, index) => index == 0 || Math.Abs(tick - ticks[0]) > 0.08 * range)];
}

/// <summary>The cells of a heat map as few rectangles: equal neighbours are joined, along rows and then across them.</summary>
internal static class HeatCells
{
    /// <summary>One path for each level that occurs, in units of cells, row 0 at the top.</summary>
    /// <param name="levels">[row, column] the levels; a negative one is a missing value and gets no rectangle.</param>
    public static SortedDictionary<int, string> Paths(int[,] levels)
    {
        var paths = new SortedDictionary<int, StringBuilder>();
        foreach (var (level, left, top, width, height) in Rectangles(levels))
        {
            if (!paths.TryGetValue(level, out var path))
            {
                paths.Add(level, path = new StringBuilder());
            }

            path.Append(CultureInfo.InvariantCulture, $"M{left} {top}h{width}v{height}h-{width}z");
        }

        return new SortedDictionary<int, string>(paths.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()));
    }

    private static IEnumerable<(int Level, int Left, int Top, int Width, int Height)> Rectangles(int[,] levels)
    {
        // The rectangles that end at the row above, by the run that they began with.
        var open = new Dictionary<(int Level, int Left, int Width), int>();
        for (var row = 0; row <= levels.GetLength(0); row++)
        {
            var runs = row < levels.GetLength(0) ? Runs(levels, row).ToHashSet() : [];
            foreach (var (run, top) in open.Where(pair => !runs.Contains(pair.Key)).ToArray())
            {
                open.Remove(run);
                yield return (run.Level, run.Left, top, run.Width, row - top);
            }

            foreach (var run in runs)
            {
                open.TryAdd(run, row);
            }
        }
    }

    private static IEnumerable<(int Level, int Left, int Width)> Runs(int[,] levels, int row)
    {
        var start = 0;
        for (var column = 1; column <= levels.GetLength(1); column++)
        {
            if (column < levels.GetLength(1) && levels[row, column] == levels[row, start])
            {
                continue;
            }

            if (levels[row, start] >= 0)
            {
                yield return (levels[row, start], start, column - start);
            }

            start = column;
        }
    }
}
