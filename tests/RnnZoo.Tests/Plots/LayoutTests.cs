using System.Xml.Linq;
using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

/// <summary>Labels keep clear of each other and stay inside the picture, however many and long they are.</summary>
public class LayoutTests
{
    private const string LongText = "a title that says in many words what it could have said in few, and then says it once more for good measure";

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(12)]
    public void Lines_WithEndLabels_KeepLabelsApart(int lines)
    {
        var series = Enumerable.Range(0, lines).Select(index => new Series($"line number {index}", [new(0, 1), new(100, 1 + (1e-3 * index))]) { Colour = index });
        var chart = new LineChart("many lines", new Axis("distance"), new Axis("share"), [.. series]) { EndLabels = true, ReferenceLines = [new ReferenceLine(1, "the limit")] };

        TextBoxes.AssertApart(Draw(chart));
    }

    [Theory]
    [InlineData(1e-33, 1e18, AxisScale.Log)]
    [InlineData(1e-7, 3e-7, AxisScale.Linear)]
    [InlineData(-123456, 987654, AxisScale.Linear)]
    [InlineData(0.00001, 0.00009, AxisScale.Log)]
    public void Axes_WithWideTickLabels_MakeRoomForThem(double low, double high, AxisScale scale)
    {
        var axis = new Axis("what is measured, in its unit") { Scale = scale };
        var chart = new LineChart("p", new Axis("x"), axis, [new Series("s", [new(0, low), new(12345678, high)])]) { EndLabels = true };

        TextBoxes.AssertApart(Draw(chart, chart));
    }

    [Fact]
    public void Heading_OfLongTextAndManyNames_IsBrokenIntoLines()
    {
        var series = Enumerable.Range(0, 14).Select(index => new Series($"a name of some length {index}", [new(0, index), new(1, index)]) { Colour = index });
        var chart = new LineChart(LongText, new Axis(LongText), new Axis(LongText), [.. series]);
        var svg = XElement.Parse(new Figure(LongText, [chart]) { Subtitle = LongText + " " + LongText }.ToSvg());

        TextBoxes.AssertApart(svg);
        Assert.Equal(14, svg.Labels().Count(label => label.StartsWith("a name of some length", StringComparison.Ordinal)));
        Assert.StartsWith(LongText + " " + LongText, string.Join(' ', svg.Labels()), StringComparison.Ordinal);
    }

    [Fact]
    public void ReferenceLines_NearEachOther_KeepTheirLabelsApart()
    {
        var chart = new LineChart("p", new Axis("x"), new Axis("y"), [new Series("s", [new(0, 0), new(1, 10)])])
        {
            ReferenceLines = [new ReferenceLine(5, "five"), new ReferenceLine(5.05, "a little more"), new ReferenceLine(5.1, "and more")],
        };

        TextBoxes.AssertApart(Draw(chart));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(40)]
    public void Bars_HoweverMany_KeepLabelsApart(int groups)
    {
        string[] names = [.. Enumerable.Range(0, groups).Select(group => $"group {group}")];
        var series = Enumerable.Range(0, 3).Select(index => new BarSeries($"s{index}", [.. names.Select((_, group) => 1.0 + group)]) { Colour = index });

        TextBoxes.AssertApart(Draw(new GroupedBars("bars", "groups", names, new Axis("y"), [.. series])));
    }

    [Fact]
    public void HeatMaps_SideBySide_KeepLabelsApart()
    {
        var map = HeatMapTests.Map((row, column) => Math.Pow(10, row - column), rows: 31, columns: 57, AxisScale.Log);

        TextBoxes.AssertApart(Draw(map, map));
    }

    [Fact]
    public void Spread_Labels_MoveAsLittleAsTheyMust()
    {
        Assert.Equal([20, 50], PlotText.Spread([20, 50], 0, 100, 10));
        Assert.Equal([45, 55], PlotText.Spread([50, 50], 0, 100, 10));
        Assert.Equal([5, 15, 95], PlotText.Spread([0, 1, 200], 0, 100, 10));
        Assert.Equal([60, 50, 40], PlotText.Spread([51, 50, 49], 0, 100, 10));
    }

    private static XElement Draw(params ChartPanel[] panels) => XElement.Parse(new Figure("f", panels).ToSvg());
}
