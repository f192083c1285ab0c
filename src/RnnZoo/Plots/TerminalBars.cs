using System.Globalization;
using System.Text;

namespace RnnZoo.Plots;

/// <summary>Grouped bars as plain text, for a terminal.</summary>
internal static class TerminalBars
{
    private const string Eighths = " ▏▎▍▌▋▊▉";

    /// <summary>Draws the bars lying, one line each, with their values at the end.</summary>
    /// <param name="chart">What to draw; reference lines become a mark of their own in each bar's line.</param>
    /// <param name="width">How many characters a line may have at most; at least 20.</param>
    /// <param name="colours">Whether to colour the bars by a terminal's escape sequences.</param>
    /// <returns>The text, its lines ended by a line feed.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="width"/> is below 20.</exception>
    public static string Render(GroupedBars chart, int width = 80, bool colours = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 20);
        var values = chart.Series.SelectMany(bars => bars.Values).Where(double.IsFinite).ToArray();
        var maximum = chart.Vertical.Maximum ?? Math.Max(values.DefaultIfEmpty(0).Max(), 1e-12);
        var groupWidth = chart.Groups.Append(chart.GroupTitle).Max(label => label.Length);
        var nameWidth = chart.Series.Max(bars => bars.Name.Length);
        var valueWidth = values.Select(value => Print(chart, value).Length).DefaultIfEmpty(1).Max();
        var barWidth = Math.Max(4, width - groupWidth - nameWidth - valueWidth - 5);

        var text = new StringBuilder();
        text.Append(chart.Title).Append('\n');
        text.Append(chart.GroupTitle.PadLeft(groupWidth)).Append('\n');
        for (var group = 0; group < chart.Groups.Count; group++)
        {
            for (var row = 0; row < chart.Series.Count; row++)
            {
                var value = chart.Series[row].Values[group];
                text.Append((row == 0 ? chart.Groups[group] : "").PadLeft(groupWidth)).Append("  ");
                text.Append(chart.Series[row].Name.PadRight(nameWidth)).Append(" ▕");
                var bar = new string(Marked(Bar(value / maximum, barWidth), chart, maximum));
                text.Append(colours ? TerminalColours.In(chart.Series[row].Colour, bar) : bar);
                text.Append(' ').Append(Print(chart, value)).Append('\n');
            }
        }

        foreach (var line in chart.ReferenceLines)
        {
            text.Append(new string(' ', groupWidth + 2)).Append("┊ ").Append(line.Label).Append('\n');
        }

        return text.ToString();
    }

    private static string Print(GroupedBars chart, double value)
        => double.IsFinite(value) ? value.ToString(chart.ValueFormat, CultureInfo.InvariantCulture) : "–";

    private static char[] Bar(double share, int width)
    {
        var cells = new string(' ', width).ToCharArray();
        if (!double.IsFinite(share))
        {
            return cells;
        }

        var eighths = (int)Math.Round(Math.Clamp(share, 0, 1) * width * 8);
        cells.AsSpan(0, eighths / 8).Fill('█');
        if (eighths % 8 > 0)
        {
            cells[eighths / 8] = Eighths[eighths % 8];
        }

        return cells;
    }

    /// <summary>Puts a mark where a reference line crosses a bar's line, through the bar too.</summary>
    private static char[] Marked(char[] cells, GroupedBars chart, double maximum)
    {
        foreach (var line in chart.ReferenceLines)
        {
            var cell = (int)(line.Value / maximum * cells.Length);
            if (cell >= 0 && cell < cells.Length && cells[cell] is ' ' or '█')
            {
                cells[cell] = '┊';
            }
        }

        return cells;
    }
}
