using System.Xml.Linq;
using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

public class GroupedBarsTests
{
    [Fact]
    public void Draw_Bars_AreAsHighAsTheirValuesAndStandOnZero()
    {
        var bars = Bars(Draw([0.25, 0.5], [1, 0.75]));

        Assert.Equal([1, 2, 4, 3], bars.Select(bar => Math.Round(bar.Number("height") / bars[0].Number("height"), 2)));
        Assert.Single(bars.Select(bar => Math.Round(bar.Number("y") + bar.Number("height"))).Distinct());
    }

    [Fact]
    public void Draw_BarsOfAGroup_StandSideBySide()
    {
        var bars = Bars(Draw([1, 1], [1, 1])).OrderBy(bar => bar.Number("x")).ToArray();

        Assert.All(bars.Zip(bars.Skip(1)), pair => Assert.True(pair.First.Number("x") + pair.First.Number("width") <= pair.Second.Number("x")));
    }

    [Fact]
    public void Draw_ValueThatIsNotFinite_LeavesItsPlaceEmpty()
    {
        var svg = Draw([0.5, double.NaN], [1, double.PositiveInfinity]);

        Assert.Equal(2, Bars(svg).Length);
        Assert.Contains("lstm: 5: 1.00, 10: no value.", svg.All("desc").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void GroupedBars_WrongCountOfValues_NamesTheSeries()
    {
        var error = Assert.Throws<ArgumentException>(() => Chart([1], [1, 2]));
        Assert.Contains("expected 2 values, one per group, got 1 in 'vanilla'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GroupedBars_LogAxis_Throws()
        => Assert.Throws<ArgumentException>(() => new GroupedBars("t", "g", [], new Axis("y") { Scale = AxisScale.Log }, []));

    private static XElement[] Bars(XElement svg) => [.. svg.OfClass("rect", "fill").Where(bar => bar.HasElements)];

    private static XElement Draw(double[] vanilla, double[] lstm) => XElement.Parse(new Figure("f", [Chart(vanilla, lstm)]).ToSvg());

    private static GroupedBars Chart(double[] vanilla, double[] lstm) => new(
        "recall", "delay", ["5", "10"], new Axis("recall") { Minimum = 0, Maximum = 1 },
        [new BarSeries("vanilla", vanilla), new BarSeries("lstm", lstm) { Colour = 1 }])
    {
        ValueFormat = "0.00",
    };
}
