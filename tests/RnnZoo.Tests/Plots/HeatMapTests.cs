using System.Text.RegularExpressions;
using System.Xml.Linq;
using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

public class HeatMapTests
{
    [Theory]
    [InlineData(AxisScale.Linear)]
    [InlineData(AxisScale.Log)]
    public void Draw_EachCell_HasTheColourOfItsValue(AxisScale scale)
    {
        var random = new Random(5);
        var values = Enumerable.Range(0, 7 * 11).Select(_ => Math.Pow(10, 6 * random.NextDouble())).ToArray();
        var svg = Draw(Map((row, column) => values[(row * 11) + column], rows: 7, columns: 11, scale));

        var levels = Cells(svg, 7, 11);
        double Place(double value) => scale == AxisScale.Log
            ? Math.Log(value / values.Min()) / Math.Log(values.Max() / values.Min())
            : (value - values.Min()) / (values.Max() - values.Min());
        for (var index = 0; index < values.Length; index++)
        {
            var expected = Math.Min((int)(Place(values[index]) * ColourScale.Levels), ColourScale.Levels - 1);
            // Row 0 lies at the bottom.
            Assert.Equal(expected, levels[6 - (index / 11), index % 11]);
        }
    }

    [Fact]
    public void Draw_EqualCells_AreOneRectangle()
    {
        var svg = Draw(Map((row, column) => row < 5 && column < 7 ? 1 : 2, rows: 11, columns: 13, AxisScale.Linear));

        var paths = Paths(svg).ToArray();
        Assert.Equal(2, paths.Length);
        Assert.Equal("M0 6h7v5h-7z", paths[0].Attribute("d")!.Value);
        Assert.Equal("M0 0h13v6h-13zM7 6h6v5h-6z", paths[1].Attribute("d")!.Value);
    }

    [Theory]
    [InlineData(double.NaN, AxisScale.Linear)]
    [InlineData(double.PositiveInfinity, AxisScale.Linear)]
    [InlineData(0, AxisScale.Log)]
    [InlineData(-1, AxisScale.Log)]
    public void Draw_ValueThatTheScaleCannotShow_IsLeftToTheHatching(double missing, AxisScale scale)
    {
        var svg = Draw(Map((row, column) => (row, column) == (1, 2) ? missing : 1 + row + column, rows: 3, columns: 5, scale));

        var levels = Cells(svg, 3, 5);
        Assert.Equal(-1, levels[1, 2]);
        Assert.Equal(1, levels.Cast<int>().Count(level => level < 0));
        var pattern = svg.All("pattern").Single().Attribute("id")!.Value;
        Assert.Contains(svg.All("rect"), rect => (string?)rect.Attribute("fill") == $"url(#{pattern})" && rect.Value == "hatched: no value");
    }

    [Fact]
    public void Draw_WithoutMissingValues_HasNoHatching()
        => Assert.Empty(Draw(Map((row, column) => row + column, 3, 5, AxisScale.Linear)).All("pattern"));

    [Fact]
    public void Draw_NoUsableValue_IsAnEmptyFrame()
    {
        var svg = Draw(Map((_, _) => double.NaN, 3, 5, AxisScale.Log));

        Assert.Empty(Paths(svg));
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
        Assert.Contains("no values", svg.All("desc").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Draw_NoCellAtAll_IsAnEmptyFrame()
        => Assert.DoesNotContain("NaN", Draw(Map((_, _) => 1, 0, 0, AxisScale.Linear)).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Draw_GivenEnds_TakeValuesBeyondThem()
    {
        var chart = new HeatMap("m", new Axis("x"), [1, 2, 3], new Axis("y"), [1], new Axis("z") { Minimum = 10, Maximum = 20 }, [[-5, 15, 1000]]);

        Assert.Equal([0, ColourScale.Levels / 2, ColourScale.Levels - 1], Cells(Draw(chart), 1, 3).Cast<int>());
    }

    [Fact]
    public void ColourBar_ShowsEveryColourFromTheBottomUp_WithTicks()
    {
        var svg = Draw(Map((row, column) => Math.Pow(10, row + column - 4), 3, 5, AxisScale.Log));

        var bar = svg.All("rect").Where(rect => Level(rect) >= 0).ToArray();
        Assert.Equal(Enumerable.Range(0, ColourScale.Levels), bar.Select(Level));
        Assert.Equal(bar.OrderByDescending(rect => rect.Number("y")), bar);
        Assert.All(["0.0001", "0.01", "1", "100"], tick => Assert.Contains(svg.OfClass("text", "soft"), text => text.Value == tick));
    }

    [Fact]
    public void Colours_InBothThemes_GrowInContrastToThePage()
    {
        var style = Draw(Map((row, column) => row + column, 3, 5, AxisScale.Linear)).All("style").Single().Value;
        var colours = Regex.Matches(style, @"\.h(\d+)\{fill:#(\w{6})\}").Select(match => Luminance(match.Groups[2].Value)).ToArray();

        Assert.Equal(2 * ColourScale.Levels, colours.Length);
        var (light, dark) = (colours[..ColourScale.Levels], colours[ColourScale.Levels..]);
        Assert.Equal(light.OrderDescending(), light);
        Assert.Equal(dark.Order(), dark);
        Assert.True(light[0] - light[^1] > 0.6);
        // No two neighbours look alike.
        Assert.All(light.Zip(light.Skip(1)), pair => Assert.True(pair.First - pair.Second > 0.002));
    }

    [Fact]
    public void HeatMap_ValuesThatDoNotFit_Throw()
    {
        static string Message(double[] columns, double[] rows, double[][] values)
            => Assert.Throws<ArgumentException>(() => new HeatMap("m", new Axis("x"), columns, new Axis("y"), rows, new Axis("z"), values)).Message;

        Assert.Contains("expected 2 rows, one for each of rows, got 1", Message([1, 2, 3], [1, 2], [[1, 2, 3]]), StringComparison.Ordinal);
        Assert.Contains("expected 3 values in each row, one for each of columns, got 2", Message([1, 2, 3], [1], [[1, 2]]), StringComparison.Ordinal);
    }

    [Fact]
    public void Terminal_LargerValues_AreDarker()
    {
        var lines = TerminalHeat.Render(Map((row, column) => row == 1 && column == 2 ? double.NaN : row, rows: 5, columns: 7, AxisScale.Linear), 70).Split('\n');

        Assert.Equal(["█████", "▓▓▓▓▓", "▒▒▒▒▒", "░░ ░░", "·····"], lines[2..7].Select(line => line.Split('│')[1][..5]));
        Assert.Equal("5 │", lines[2].TrimStart()[..3]);
        Assert.Equal("1 │", lines[6].TrimStart()[..3]);
        Assert.Contains("z: · from 0", lines[^2], StringComparison.Ordinal);
        Assert.Contains("█ from 3.2", lines[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void Terminal_MoreCellsThanCharacters_FitsTheWidth()
    {
        var text = TerminalHeat.Render(Map((row, column) => column < 100 ? 1 : 2, rows: 50, columns: 200, AxisScale.Linear), 60, 8);

        var map = text.Split('\n').Where(line => line.Contains('│')).Select(line => line.Split('│')[1]).ToArray();
        Assert.Equal(8, map.Length);
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 60));
        Assert.All(map, line => Assert.Equal(new string('·', line.Length / 2) + new string('█', line.Length - (line.Length / 2)), line));
    }

    internal static HeatMap Map(Func<int, int, double> value, int rows, int columns, AxisScale scale) => new(
        "m", new Axis("x"), [.. Enumerable.Range(1, columns).Select(x => (double)x)], new Axis("y"), [.. Enumerable.Range(1, rows).Select(y => (double)y)],
        new Axis("z") { Scale = scale },
        [.. Enumerable.Range(0, rows).Select(row => Enumerable.Range(0, columns).Select(column => value(row, column)).ToArray())]);

    private static XElement Draw(HeatMap map) => XElement.Parse(new Figure("f", [map]).ToSvg());

    private static IEnumerable<XElement> Paths(XElement svg) => svg.All("path").Where(path => Level(path) >= 0);

    private static int Level(XElement element)
        => Regex.Match((string?)element.Attribute("class") ?? "", @"^h(\d+)$") is { Success: true } match ? int.Parse(match.Groups[1].Value) : -1;

    /// <summary>Paints the paths into a grid; no cell may be painted twice.</summary>
    private static int[,] Cells(XElement svg, int rows, int columns)
    {
        var cells = new int[rows, columns];
        for (var index = 0; index < rows * columns; index++)
        {
            cells[index / columns, index % columns] = -1;
        }

        foreach (var path in Paths(svg))
        {
            foreach (Match rectangle in Regex.Matches(path.Attribute("d")!.Value, @"M(\d+) (\d+)h(\d+)v(\d+)h-\3z"))
            {
                var numbers = rectangle.Groups.Values.Skip(1).Select(group => int.Parse(group.Value)).ToArray();
                for (var cell = 0; cell < numbers[2] * numbers[3]; cell++)
                {
                    var (row, column) = (numbers[1] + (cell / numbers[2]), numbers[0] + (cell % numbers[2]));
                    Assert.Equal(-1, cells[row, column]);
                    cells[row, column] = Level(path);
                }
            }
        }

        return cells;
    }

    /// <summary>Relative luminance, as WCAG has it.</summary>
    private static double Luminance(string colour)
    {
        double Channel(int at)
        {
            var value = Convert.ToInt32(colour.Substring(at, 2), 16) / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }

        return (0.2126 * Channel(0)) + (0.7152 * Channel(2)) + (0.0722 * Channel(4));
    }
}
