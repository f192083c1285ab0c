using System.Text;

namespace RnnZoo.Plots;

/// <summary>A line chart as plain text, for a terminal: lines of braille dots, each named at its right end.</summary>
internal static class TerminalLines
{
    /// <summary>Draws the chart.</summary>
    /// <param name="chart">What to draw; reference lines are dotted.</param>
    /// <param name="width">How many characters a line may have at most; at least 40.</param>
    /// <param name="height">How many lines the plot has; at least 4.</param>
    /// <param name="colours">Whether to colour lines and names by a terminal's escape sequences.</param>
    /// <returns>The text, its lines ended by a line feed.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="width"/> or <paramref name="height"/> is too small.</exception>
    public static string Render(LineChart chart, int width = 80, int height = 12, bool colours = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 40);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 4);
        var vertical = chart.FitVertical();
        var horizontal = chart.FitHorizontal();
        var tickRows = vertical.Ticks.Select(tick => (Row: RowOf(vertical.Position(tick), height), Label: Ticks.Label(tick)))
            .DistinctBy(tick => tick.Row).ToDictionary(tick => tick.Row, tick => tick.Label);
        var axisWidth = tickRows.Values.Select(label => label.Length).DefaultIfEmpty(1).Max();
        var labels = PlaceLabels(chart, horizontal, vertical, height, width / 3);
        var nameWidth = Math.Min(labels.Max(label => label.Name?.Length ?? 0), width / 3);
        var canvas = new BrailleCanvas(width - axisWidth - nameWidth - 3, height);

        Plot(chart, horizontal, vertical, canvas);

        var text = new StringBuilder();
        text.Append(chart.Title).Append(" (").Append(chart.Vertical.Title).Append(")\n");
        for (var row = 0; row < height; row++)
        {
            var hasTick = tickRows.TryGetValue(row, out var tick);
            text.Append((tick ?? "").PadLeft(axisWidth)).Append(hasTick ? " ┤" : " │");
            var (name, colour) = labels[row];
            var label = Shorten(name ?? "", nameWidth);
            text.Append((canvas.Row(row, colours) + ' ' + (colours ? TerminalColours.In(colour, label) : label)).TrimEnd()).Append('\n');
        }

        var margin = new string(' ', axisWidth + 1);
        text.Append(margin).Append('└').Append(new string('─', canvas.Width / 2)).Append('\n');
        text.Append(margin).Append(TickRow(horizontal, (canvas.Width / 2) + 1)).Append('\n');
        text.Append(margin).Append(Centred(chart.Horizontal.Title, canvas.Width / 2)).Append('\n');
        return text.ToString();
    }

    private static int RowOf(double position, int height) => (int)Math.Clamp(Math.Round((1 - position) * (height - 1)), 0, height - 1);

    private static string Shorten(string text, int width) => text.Length <= width ? text : text[..width];

    private static string Centred(string text, int width) => text.PadLeft(Math.Max(text.Length, (width + text.Length) / 2));

    /// <summary>The labels of the ticks, each centred under its tick where there is room.</summary>
    private static string TickRow(AxisMap axis, int width)
    {
        var row = new StringBuilder(new string(' ', width));
        var free = 0;
        foreach (var tick in axis.Ticks)
        {
            var label = Ticks.Label(tick);
            var column = 1 + (int)Math.Round(axis.Position(tick) * (width - 2));
            var start = Math.Clamp(column - (label.Length / 2), 0, Math.Max(0, width - label.Length));
            if (start >= free && start + label.Length <= width)
            {
                row.Remove(start, label.Length).Insert(start, label);
                free = start + label.Length + 1;
            }
        }

        return row.ToString().TrimEnd();
    }

    private static void Plot(LineChart chart, AxisMap horizontal, AxisMap vertical, BrailleCanvas canvas)
    {
        int X(double value) => (int)Math.Round(horizontal.Position(value) * (canvas.Width - 1));
        bool Shows(ChartPoint point) => horizontal.Shows(point.X) && vertical.Shows(point.Y);
        int Y(double value) => (int)Math.Round((1 - vertical.Position(value)) * (canvas.Height - 1));

        foreach (var line in chart.ReferenceLines.Where(line => vertical.Shows(line.Value)))
        {
            for (var x = 0; x < canvas.Width; x += 4)
            {
                canvas.Set(x, Y(line.Value), colour: null);
            }
        }

        foreach (var series in chart.Series)
        {
            var (points, colour) = (series.Points, ColourOf(series));
            for (var index = 0; index < points.Count; index++)
            {
                if (Shows(points[index]))
                {
                    var (from, to) = (index > 0 && Shows(points[index - 1]) ? points[index - 1] : points[index], points[index]);
                    canvas.Line(X(from.X), Y(from.Y), X(to.X), Y(to.Y), colour);
                }
            }
        }
    }

    private static int? ColourOf(Series series) => series.Neutral ? null : series.Colour;

    /// <summary>
    /// Names each line beside its last point. Of names that would share a row, two are spread around it, in the order of the
    /// lines; more stand in it side by side where they fit.
    /// </summary>
    private static (string? Name, int? Colour)[] PlaceLabels(LineChart chart, AxisMap horizontal, AxisMap vertical, int height, int longest)
    {
        var wanted = new List<(double Value, string Name, int? Colour)>();
        foreach (var series in chart.Series)
        {
            var shown = series.Points.Where(point => horizontal.Shows(point.X) && vertical.Shows(point.Y)).ToArray();
            if (shown.Length > 0)
            {
                wanted.Add((shown[^1].Y, series.Name, ColourOf(series)));
            }
        }

        wanted.AddRange(chart.ReferenceLines.Where(line => vertical.Shows(line.Value)).Select(line => (line.Value, line.Label, (int?)null)));
        var fitting = wanted.OrderByDescending(item => item.Value).GroupBy(item => RowOf(vertical.Position(item.Value), height))
            .SelectMany(row => row.Count() > 2 && string.Join(' ', row.Select(item => item.Name)) is var all && all.Length <= longest ? [(row.First().Value, all, null)] : row.ToArray())
            .Take(height).ToArray();
        var rows = new (string?, int?)[height];
        double[] wantedRows = [.. fitting.Select(item => (double)RowOf(vertical.Position(item.Value), height))];
        foreach (var (row, item) in PlotText.Spread(wantedRows, -0.5, height - 0.5, 1).Zip(fitting))
        {
            rows[(int)Math.Floor(row + 0.5)] = (item.Name, item.Colour);
        }

        return rows;
    }
}

/// <summary>A grid of dots, 2 wide and 4 high in each character (Unicode's braille patterns).</summary>
internal sealed class BrailleCanvas(int columns, int rows)
{
    private const int Blank = 0x2800;

    // The bit of the dot at [row, column] in a cell.
    private static readonly int[,] Bits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    private readonly int[,] _cells = new int[rows, columns];
    private readonly int?[,] _colours = new int?[rows, columns]; // of the last line through a cell

    public int Width => columns * 2;

    public int Height => rows * 4;

    /// <summary>Sets a dot; dots outside are left out.</summary>
    public void Set(int x, int y, int? colour)
    {
        if (x >= 0 && x < Width && y >= 0 && y < Height)
        {
            _cells[y / 4, x / 2] |= Bits[y % 4, x % 2];
            _colours[y / 4, x / 2] = colour;
        }
    }

    /// <summary>Joins two dots by a straight line.</summary>
    public void Line(int x0, int y0, int x1, int y1, int? colour)
    {
        var steps = Math.Max(1, Math.Max(Math.Abs(x1 - x0), Math.Abs(y1 - y0)));
        for (var step = 0; step <= steps; step++)
        {
            var share = (double)step / steps;
            Set((int)Math.Round(x0 + ((x1 - x0) * share)), (int)Math.Round(y0 + ((y1 - y0) * share)), colour);
        }
    }

    public string Row(int row, bool colours = false)
    {
        var text = new StringBuilder();
        int? last = null;
        for (var column = 0; column < columns; column++)
        {
            var (dots, colour) = (_cells[row, column], _colours[row, column]);
            if (colours && colour != last)
            {
                text.Append(TerminalColours.Start(colour));
                last = colour;
            }

            text.Append(dots == 0 ? ' ' : (char)(Blank + dots));
        }

        return text.Append(last is null ? "" : TerminalColours.Start(null)).ToString();
    }
}

/// <summary>The colours of a terminal, which its user has made readable on the background.</summary>
internal static class TerminalColours
{
    // Red, blue, green, magenta, cyan, yellow, grey, bright red: ECMA-48's "select graphic rendition".
    private static readonly int[] Codes = [31, 34, 32, 35, 36, 33, 90, 91];

    /// <summary>What begins a colour, by its place in a chart; null for none.</summary>
    public static string Start(int? colour) => $"\e[{(colour is { } place ? Codes[place % Codes.Length] : 0)}m";

    /// <summary>A text in a colour.</summary>
    public static string In(int? colour, string text) => colour is null || text.Length == 0 ? text : Start(colour) + text + Start(null);
}
