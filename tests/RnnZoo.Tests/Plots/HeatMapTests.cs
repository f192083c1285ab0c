using System.Xml.Linq;
using RnnZoo.Plots;
using ScottPlot.Plottables;
using SkiaSharp;

namespace RnnZoo.Tests.Plots;

public class HeatMapTests
{
    [Theory]
    [InlineData(AxisScale.Linear)]
    [InlineData(AxisScale.Log)]
    public void Draw_EachCell_HasItsValueAndItsPlaceOnTheScale(AxisScale scale)
    {
        var random = new Random(5);
        var values = Enumerable.Range(0, 7 * 11).Select(_ => Math.Pow(10, 6 * random.NextDouble())).ToArray();

        var drawn = Heat(Map((row, column) => values[(row * 11) + column], rows: 7, columns: 11, scale));

        double Place(double value) => scale == AxisScale.Log ? Math.Log10(value) : value;
        for (var index = 0; index < values.Length; index++)
        {
            Assert.Equal(Place(values[index]), drawn.Intensities[6 - (index / 11), index % 11], 1e-9); // Row 0 lies at the bottom.
        }

        Assert.Equal((Place(values.Min()), Place(values.Max())), (drawn.ManualRange!.Value.Min, drawn.ManualRange!.Value.Max));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ToPng_EachCell_HasTheColourOfItsValue(int size)
    {
        var map = Map((row, column) => row == 0 && column == 0 ? double.NaN : 1 + (row * 2) + column, rows: size, columns: size + 1, AxisScale.Linear);
        using var image = SKBitmap.Decode(new Figure("f", [map]).ToPng(scale: 1));

        var cells = Colours(image, rows: size, columns: size + 1);

        var (low, high) = (size == 1 ? 1.5 : 2, size == 1 ? 2.5 : 5);
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column <= size; column++)
            {
                var value = map.Values[row][column];
                var expected = double.IsNaN(value) ? Palette.Missing : Palette.Scale.GetColor((value - low) / (high - low));
                Assert.Equal(expected.ToHex(), cells[row, column]);
            }
        }
    }

    [Theory]
    [InlineData(double.NaN, AxisScale.Linear)]
    [InlineData(double.PositiveInfinity, AxisScale.Linear)]
    [InlineData(0, AxisScale.Log)]
    [InlineData(-1, AxisScale.Log)]
    public void Draw_ValueThatTheScaleCannotShow_IsGreyAndTheLegendSaysSo(double missing, AxisScale scale)
    {
        var map = Map((row, column) => (row, column) == (1, 2) ? missing : 1 + row + column, rows: 3, columns: 5, scale);

        Assert.True(double.IsNaN(Heat(map).Intensities[1, 2]));
        Assert.Equal(1, Heat(map).Intensities.Cast<double>().Count(double.IsNaN));
        Assert.Contains("no value", Draw(map).Labels());
    }

    [Fact]
    public void Draw_WithoutMissingValues_SaysNothingOfThem()
        => Assert.DoesNotContain("no value", Draw(Map((row, column) => row + column, 3, 5, AxisScale.Linear)).Labels());

    [Fact]
    public void Draw_NoUsableValue_IsAGreyFrame()
    {
        var svg = Draw(Map((_, _) => double.NaN, 3, 5, AxisScale.Log));

        Assert.Empty(svg.All("image"));
        Assert.Contains("no value", svg.Labels());
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
        Assert.Contains("no values", svg.All("desc").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Draw_NoCellAtAll_IsAFrame()
        => Assert.DoesNotContain("NaN", Draw(Map((_, _) => 1, 0, 0, AxisScale.Linear)).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Draw_GivenEnds_TakeValuesBeyondThem()
    {
        var chart = new HeatMap("m", new Axis("x"), [1, 2, 3], new Axis("y"), [1, 2], new Axis("z") { Minimum = 10, Maximum = 20 }, [[-5, 15, 1000], [11, 12, 13]]);

        Assert.Equal([11, 12, 13, 10, 15, 20], Heat(chart).Intensities.Cast<double>());
    }

    [Fact]
    public void ColourBar_HasTicksAndATitle()
        => Draw(Map((row, column) => Math.Pow(10, row + column - 4), 3, 5, AxisScale.Log)).AssertLabels("0.0001", "0.01", "1", "100", "z");

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

    private static Heatmap Heat(HeatMap map) => map.ToPlot().GetPlottables<Heatmap>().Single();

    /// <summary>The colours at the middles of cells that fill the frame; row 0 lies at the bottom.</summary>
    private static string[,] Colours(SKBitmap image, int rows, int columns)
    {
        // The frame is the first and the last column and row that are not white, looked for from inside a cell.
        var (x, y) = (image.Width / 3, image.Height / 2);
        int Edge(int from, int step, Func<int, SKColor> at)
        {
            while (at(from) != SKColors.White)
            {
                from += step;
            }

            return from;
        }

        var (left, right) = (Edge(x, -1, at => image.GetPixel(at, y)), Edge(x, 1, at => image.GetPixel(at, y)));
        var (top, bottom) = (Edge(y, -1, at => image.GetPixel(x, at)), Edge(y, 1, at => image.GetPixel(x, at)));
        var colours = new string[rows, columns];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var pixel = image.GetPixel((int)(left + ((column + 0.5) * (right - left) / columns)), (int)(bottom - ((row + 0.5) * (bottom - top) / rows)));
                colours[row, column] = ScottPlot.Color.FromSKColor(pixel).ToHex();
            }
        }

        return colours;
    }
}
