using System.Text;

namespace RnnZoo.Plots;

/// <summary>A heat map as plain text, for a terminal: the larger the value, the darker the character.</summary>
internal static class TerminalHeat
{
    private const string Shades = "·░▒▓█";

    /// <summary>Draws the map. Where it has more cells than there are characters, each character is the mean of its cells along the colour scale.</summary>
    /// <param name="chart">What to draw; cells without a value are blank.</param>
    /// <param name="width">How many characters a line may have at most; at least 40.</param>
    /// <param name="height">How many lines the map has at most; at least 4.</param>
    /// <returns>The text, its lines ended by a line feed.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="width"/> or <paramref name="height"/> is too small.</exception>
    public static string Render(HeatMap chart, int width = 80, int height = 12)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 40);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 4);
        var scale = chart.FitColour();
        var labels = chart.Rows.Select(Ticks.Label).ToArray();
        var axisWidth = labels.Append(chart.Vertical.Title).Max(label => label.Length);
        var (rows, columns) = (Math.Min(height, chart.Rows.Count), Math.Min(width - axisWidth - 2, chart.Columns.Count));

        var text = new StringBuilder();
        text.Append(chart.Title).Append('\n');
        text.Append(chart.Vertical.Title.PadLeft(axisWidth)).Append('\n');
        for (var row = rows - 1; row >= 0; row--)
        {
            var cells = Part(row, rows, chart.Rows.Count);
            var label = row == rows - 1 ? labels[^1] : row == 0 ? labels[0] : "";
            text.Append(label.PadLeft(axisWidth)).Append(" │");
            for (var column = 0; column < columns; column++)
            {
                text.Append(Shade(chart, scale, cells, Part(column, columns, chart.Columns.Count)));
            }

            text.Append('\n');
        }

        var margin = new string(' ', axisWidth + 1);
        text.Append(margin).Append('└').Append(new string('─', columns)).Append('\n');
        if (chart.Columns.Count > 0)
        {
            text.Append(margin).Append(' ').Append(Ends(Ticks.Label(chart.Columns[0]), chart.Horizontal.Title, Ticks.Label(chart.Columns[^1]), columns)).Append('\n');
        }

        var legend = $"{margin} {chart.Colour.Title}: {string.Join(", ", Legend(scale))}";
        text.Append(legend.Length <= width ? legend : $"{margin} {Legend(scale).First()} … {Legend(scale).Last()}").Append('\n');
        return text.ToString();
    }

    /// <summary>The cells behind one character.</summary>
    private static Range Part(int index, int parts, int cells)
        => (int)((long)index * cells / parts)..(int)((long)(index + 1) * cells / parts);

    private static char Shade(HeatMap chart, AxisMap scale, Range rows, Range columns)
    {
        var positions = chart.Values.Take(rows).SelectMany(row => row.Take(columns)).Where(scale.Shows)
            .Select(value => Math.Clamp(scale.Position(value), 0, 1)).ToArray();
        return positions.Length == 0 ? ' ' : Shades[Math.Min((int)(positions.Average() * Shades.Length), Shades.Length - 1)];
    }

    /// <summary>The first and the last column's label at the ends, the title between them if there is room.</summary>
    private static string Ends(string first, string title, string last, int width)
    {
        var middle = width - first.Length - last.Length;
        return middle < 1 ? first
            : middle < title.Length + 2 ? first + last.PadLeft(middle + last.Length)
            : first + title.PadLeft((middle + title.Length) / 2).PadRight(middle) + last;
    }

    private static IEnumerable<string> Legend(AxisMap scale)
        => Shades.Select((shade, index) => $"{shade} from {Ticks.Label(Rounded(scale.ValueAt((double)index / Shades.Length)))}");

    private static double Rounded(double value)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return value;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Abs(value))) - 1);
        return Math.Round(value / power) * power;
    }
}
