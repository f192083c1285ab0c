using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

public class TerminalChartTests
{
    [Fact]
    public void Bars_Values_AreDrawnToAnEighthOfACharacter()
    {
        var chart = new GroupedBars("recall", "delay", ["5"], new Axis("y") { Maximum = 1 },
            [new BarSeries("a", [0.5]), new BarSeries("b", [1]), new BarSeries("c", [double.NaN])]);

        var lines = TerminalBars.Render(chart, 30).Split('\n');

        Assert.Equal("recall", lines[0]);
        var width = lines[3].Count(letter => letter == '█');
        Assert.Equal("    5  a ▕" + (new string('█', width / 2) + (width % 2 == 1 ? "▌" : "")).PadRight(width) + " 0.5", lines[2]);
        Assert.Equal("       c ▕" + new string(' ', width) + " –", lines[4]);
        Assert.All(lines, line => Assert.True(line.Length <= 30));
    }

    [Fact]
    public void Bars_ReferenceLine_IsMarkedThroughBarsToo()
    {
        var chart = new GroupedBars("t", "g", ["1"], new Axis("y") { Maximum = 1 }, [new BarSeries("a", [0]), new BarSeries("b", [1])])
        {
            ReferenceLines = [new ReferenceLine(0.5, "guessing")],
        };

        var lines = TerminalBars.Render(chart, 40).Split('\n');

        Assert.Contains('┊', lines[2]);
        Assert.Equal(lines[2].IndexOf('┊'), lines[3].IndexOf('┊'));
        Assert.EndsWith("┊ guessing", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_AddNothingButTheirSequences_AndEndInEachLine()
    {
        var lines = new LineChart("t", new Axis("x"), new Axis("y"), [new Series("up", [new(0, 0), new(10, 10)]), new Series("down", [new(0, 10), new(10, 0)]) { Colour = 1 }]) { ReferenceLines = [new ReferenceLine(5, "half")] };
        var bars = new GroupedBars("t", "g", ["1"], new Axis("y") { Maximum = 1 }, [new BarSeries("a", [0.5]), new BarSeries("b", [1]) { Colour = 9 }]);

        string[] coloured = [TerminalLines.Render(lines, 60, 8, colours: true), TerminalBars.Render(bars, 40, colours: true)];

        Assert.Equal([TerminalLines.Render(lines, 60, 8), TerminalBars.Render(bars, 40)], coloured.Select(text => System.Text.RegularExpressions.Regex.Replace(text, "\\e\\[[0-9]+m", "")));
        Assert.All(coloured, text => Assert.Contains("\e[34m", text, StringComparison.Ordinal));
        Assert.All(coloured.SelectMany(text => text.Split('\n')), line => Assert.True(line.LastIndexOf('\e') is var last && (last < 0 || line[last..].StartsWith("\e[0m", StringComparison.Ordinal)), line));
    }

    [Fact]
    public void Lines_RisingLine_GoesFromTheLowerLeftToTheUpperRight()
    {
        var rows = Rows([new Series("up", [new(0, 0), new(10, 10)])], out _);

        var first = rows.Select((row, index) => (Column: row.IndexOfAny(Braille), index)).Where(place => place.Column >= 0).ToArray();
        Assert.Equal(8, first.Length);
        Assert.Equal(first.OrderByDescending(place => place.Column).Select(place => place.index), first.Select(place => place.index));
    }

    [Fact]
    public void Lines_EachSeries_IsNamedBesideItsEnd()
    {
        var rows = Rows([new Series("high", [new(0, 10), new(10, 10)]), new Series("low", [new(0, 0), new(10, 0)])], out var text);

        Assert.EndsWith("high", rows[0], StringComparison.Ordinal);
        Assert.EndsWith("low", rows[^1], StringComparison.Ordinal);
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 60));
    }

    [Fact]
    public void Lines_TwoSeriesThatEndTogether_BothKeepTheirNames()
    {
        Rows([new Series("one", [new(0, 0), new(10, 5)]), new Series("two", [new(0, 10), new(10, 5)])], out var text);

        Assert.Contains("one", text, StringComparison.Ordinal);
        Assert.Contains("two", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_NothingToShow_IsAnEmptyFrame()
    {
        var rows = Rows([new Series("none", [new(0, double.NaN)])], out _);

        Assert.All(rows, row => Assert.Equal(-1, row.IndexOfAny(Braille)));
    }

    private static readonly char[] Braille = [.. Enumerable.Range(0x2801, 255).Select(code => (char)code)];

    private static string[] Rows(Series[] series, out string text)
    {
        var chart = new LineChart("t", new Axis("x"), new Axis("y") { Minimum = 0, Maximum = 10 }, series);
        text = TerminalLines.Render(chart, 60, 8);
        return text.Split('\n')[1..9];
    }
}
