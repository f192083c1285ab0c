using System.Globalization;

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
