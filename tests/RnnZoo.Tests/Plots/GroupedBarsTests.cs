using System.Xml.Linq;
using RnnZoo.Plots;
using ScottPlot.Plottables;

namespace RnnZoo.Tests.Plots;

public class GroupedBarsTests
{
    [Fact]
    public void Draw_Bars_AreAsHighAsTheirValuesAndStandOnZero()
    {
        var bars = Bars([0.25, 0.5], [1, 0.75]);

        Assert.Equal([0.25, 0.5, 1, 0.75], bars.Select(bar => bar.Value));
        Assert.All(bars, bar => Assert.Equal(0, bar.ValueBase));
        Assert.Equal(["0.25", "0.50", "1.00", "0.75"], bars.Select(bar => bar.ValueLabel));
        var drawn = Draw([0.25, 0.5], [1, 0.75]).All("rect").Where(rect => (string?)rect.Attribute("fill") is "#D55E00" or "#0072B2").ToArray();
        Assert.Equal([1, 2, 4, 3], drawn.Select(bar => Math.Round(bar.Number("height") / drawn[0].Number("height"), 2)));
        Assert.Single(drawn.Select(bar => Math.Round(bar.Number("y") + bar.Number("height"))).Distinct());
    }

    [Fact]
    public void Draw_BarsOfAGroup_StandSideBySide()
    {
        var bars = Bars([1, 1], [1, 1]).OrderBy(bar => bar.Position).ToArray();

        Assert.Equal([0, 0, 1, 1], bars.Select(bar => Math.Round(bar.Position)));
        Assert.All(bars.Zip(bars.Skip(1)), pair => Assert.True(pair.First.Position + (pair.First.Size / 2) <= pair.Second.Position - (pair.Second.Size / 2)));
    }

    [Fact]
    public void Draw_ValueThatIsNotFinite_LeavesItsPlaceEmpty()
    {
        Assert.Equal([0.5, 1], Bars([0.5, double.NaN], [1, double.PositiveInfinity]).Select(bar => bar.Value));
        Assert.Contains("lstm: 5: 1.00, 10: no value.", Draw([0.5, double.NaN], [1, double.PositiveInfinity]).All("desc").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Draw_GroupsAndReferenceLines_AreNamed()
    {
        var chart = Chart([0.25, 0.5], [1, 0.75]) with { ReferenceLines = [new ReferenceLine(0.125, "guessing")] };

        Assert.Equal(0.125, chart.ToPlot().GetPlottables<HorizontalLine>().Single().Y);
        XElement.Parse(new Figure("f", [chart]).ToSvg()).AssertLabels("delay", "5", "10", "guessing", "vanilla", "lstm");
    }

    private static ScottPlot.Bar[] Bars(double[] vanilla, double[] lstm) => [.. Chart(vanilla, lstm).ToPlot().GetPlottables<BarPlot>().SelectMany(plot => plot.Bars)];

    private static XElement Draw(double[] vanilla, double[] lstm) => XElement.Parse(new Figure("f", [Chart(vanilla, lstm)]).ToSvg());

    private static GroupedBars Chart(double[] vanilla, double[] lstm) => new(
        "recall", "delay", ["5", "10"], new Axis("recall") { Minimum = 0, Maximum = 1 },
        [new BarSeries("vanilla", vanilla), new BarSeries("lstm", lstm) { Colour = 1 }])
    {
        ValueFormat = "0.00",
    };
}
