using System.Globalization;
using ScottPlot;

namespace RnnZoo.Plots;

/// <summary>
/// A grid of values as colours, such as the gradient at each timestep of each training step, with a bar that says which
/// colour is which value. Values that are not finite, and on a log scale those of zero and below, are grey.
/// </summary>
public sealed record HeatMap : ChartPanel
{
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

    internal override IEnumerable<LegendItem> Legend => Values.Count > 0 && Values.All(row => row.All(FitColour().Shows))
        ? []
        : [new LegendItem { LabelText = "no value", FillColor = Palette.Missing }];

    internal AxisMap FitColour() => AxisMap.Fit(Colour, Values.SelectMany(row => row), 0);

    internal override string Describe()
    {
        var scale = FitColour();
        var shown = Values.SelectMany(row => row).Where(scale.Shows).ToArray();
        var range = shown.Length == 0 ? "no values" : string.Create(CultureInfo.InvariantCulture, $"values from {shown.Min():G3} to {shown.Max():G3}");
        return $"{Title}: {Colour.Title} over {Horizontal.Title} and {Vertical.Title}: {range}.";
    }

    private protected override void Draw(Plot plot)
    {
        var (scale, horizontal, vertical) = (FitColour(), FitCells(Horizontal, Columns), FitCells(Vertical, Rows));
        SetAxis(plot.Axes.Bottom, Horizontal.Title, horizontal.Low, horizontal.High, TicksApart.Of(horizontal));
        SetAxis(plot.Axes.Left, Vertical.Title, vertical.Low, vertical.High, TicksApart.Of(vertical));
        plot.Grid.IsVisible = false;
        plot.Axes.Left.MajorTickStyle.Length = 4;
        plot.Axes.Right.LockSize(12);
        foreach (var axis in plot.Axes.GetAxes())
        {
            axis.FrameLineStyle.Width = 1;
        }

        if (!Values.SelectMany(row => row).Any(scale.Shows))
        {
            plot.DataBackground.Color = Palette.Missing;
            return;
        }

        // ScottPlot cannot place a single row or column: it is drawn as two equal ones.
        var cells = new double[Math.Max(2, Rows.Count), Math.Max(2, Columns.Count)];
        for (var row = 0; row < cells.GetLength(0); row++)
        {
            for (var column = 0; column < cells.GetLength(1); column++)
            {
                var value = Values[Math.Max(0, Rows.Count - 1 - row)][Math.Min(column, Columns.Count - 1)];
                cells[row, column] = scale.Shows(value) ? Math.Clamp(scale.Place(value), scale.Low, scale.High) : double.NaN;
            }
        }

        var map = plot.Add.Heatmap(cells);
        (map.Colormap, map.NaNCellColor, map.ManualRange) = (Palette.Scale, Palette.Missing, new ScottPlot.Range(scale.Low, scale.High));
        map.RenderStrategy = new SharpCells();
        map.Rectangle = new CoordinateRect(horizontal.Low, horizontal.High, vertical.Low, vertical.High);
        var bar = plot.Add.ColorBar(map);
        bar.Width = 12;
        bar.Axis.FrameLineStyle.Color = bar.Axis.MajorTickStyle.Color = Palette.Frame;
        PlotText.Set(bar.Axis.TickLabelStyle, "", Palette.Soft);
        SetAxis(bar.Axis, Colour.Title, scale.Low, scale.High, TicksApart.Of(scale));
    }

    /// <summary>An axis along cells: its ends are the outer edges of the first and the last, its ticks stand on their middles.</summary>
    /// <param name="axis">What was asked for; given ends are not taken, for all cells are shown.</param>
    /// <param name="cells">What each cell stands for, rising, in about equal steps.</param>
    private static AxisMap FitCells(Axis axis, IReadOnlyList<double> cells)
    {
        var (first, last) = cells.Count > 0 ? (cells[0], cells[^1]) : (0, 1);
        var half = cells.Count > 1 ? (last - first) / (cells.Count - 1) / 2 : 0.5;
        // Each of few cells has a tick; of many the first one, and round values that do not stand too near to it.
        var ticks = axis.Ticks ?? (cells.Count <= 5 ? cells : [first, .. Ticks.Linear(first, last, 5).Where(tick => tick - first > 0.08 * (last - first))]);
        return AxisMap.Fit(axis with { Minimum = first - half, Maximum = last + half, Ticks = ticks }, [], 0);
    }
}
