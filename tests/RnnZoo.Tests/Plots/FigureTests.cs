using System.Globalization;
using System.Xml.Linq;
using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

public class FigureTests
{
    private static readonly Axis X = new("steps");
    private static readonly Axis Y = new("loss");

    [Fact]
    public void ToSvg_AnyText_IsEscapedAndReadsBackTheSame()
    {
        var svg = XElement.Parse(new Figure("a < b & \"c\" > 'd'", [Chart("<script>alert(1)</script>", (1, 1), (2, 2))]).ToSvg());

        Assert.Equal("a < b & \"c\" > 'd'", svg.All("title").First().Value);
        Assert.Contains(svg.OfClass("text", "heading"), text => text.Value == "<script>alert(1)</script>");
        Assert.Empty(svg.All("script"));
    }

    [Fact]
    public void ToSvg_CharactersThatXmlForbids_AreReplaced()
    {
        var svg = XElement.Parse(new Figure("a\u0001b\uFFFEc", [Chart("p", (1, 1))]).ToSvg());

        Assert.Equal("a\uFFFDb\uFFFDc", svg.All("title").First().Value);
    }

    [Fact]
    public void ToSvg_TitleAndDescription_AreWhatScreenReadersAreTold()
    {
        var svg = XElement.Parse(new Figure("Copy task", [Chart("delay 5", (1, 2), (3, 0.25))]) { Subtitle = "ten symbols" }.ToSvg());

        Assert.Equal("img", svg.Attribute("role")!.Value);
        var names = svg.Attribute("aria-labelledby")!.Value.Split(' ');
        Assert.Equal([svg.All("title").First().Attribute("id")!.Value, svg.All("desc").Single().Attribute("id")!.Value], names);
        Assert.Equal("ten symbols delay 5: loss against steps. lstm: from 2 to 0.25.", svg.All("desc").Single().Value);
    }

    [Fact]
    public void ToSvg_TwoFiguresOfOnePage_ShareNoName()
    {
        string[] Names(string title) => [.. XElement.Parse(new Figure(title, [Chart("p", (1, 1))]).ToSvg())
            .DescendantsAndSelf().Attributes("id").Select(id => id.Value)];

        Assert.Equal(Names("one").Length, Names("one").Distinct().Count());
        Assert.Empty(Names("one").Intersect(Names("two")));
    }

    [Fact]
    public void ToSvg_SameFigure_IsTheSameTextInEveryCulture()
    {
        var culture = CultureInfo.CurrentCulture;
        var figure = new Figure("f", [Chart("p", (0.5, 1.25), (1.5, 2.75))]);
        var expected = figure.ToSvg();
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = comma;

            Assert.Equal(expected, figure.ToSvg());
            Assert.Equal(expected, figure.ToHtml());
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 2, 1)]
    [InlineData(4, 2, 2)]
    [InlineData(5, 3, 2)]
    public void ToSvg_Panels_FillAGridWithoutOverlap(int panels, int columns, int rows)
    {
        var charts = Enumerable.Range(0, panels).Select(index => (ChartPanel)Chart($"p{index}", (1, 1), (2, 3))).ToArray();
        var svg = XElement.Parse(new Figure("f", charts).ToSvg());

        var headings = svg.OfClass("text", "heading").Select(text => (X: text.Number("x"), Y: text.Number("y"))).ToArray();
        Assert.Equal(panels, headings.Distinct().Count());
        Assert.Equal(columns, headings.Select(place => place.X).Distinct().Count());
        Assert.Equal(rows, headings.Select(place => place.Y).Distinct().Count());
        var size = svg.Attribute("viewBox")!.Value.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        Assert.All(headings, place => Assert.True(place.X < size[2] && place.Y < size[3]));
    }

    [Fact]
    public void ToSvg_OneNameInSeveralPanels_HasOneLegendEntryAndOneColour()
    {
        var svg = XElement.Parse(new Figure("f", [Chart("p", (1, 1), (2, 2)), Chart("q", (1, 1), (2, 2))]).ToSvg());

        Assert.Equal("lstm", Assert.Single(svg.OfClass("text", "legend")).Value);
        Assert.Equal(3, svg.Descendants().Count(element => ((string?)element.Attribute("class") ?? "").Split(' ').Contains("c1")));
    }

    [Fact]
    public void ToSvg_BothPageSettings_HaveColoursForEverySeries()
    {
        var style = XElement.Parse(new Figure("f", [Chart("p", (1, 1))]).ToSvg()).All("style").Single().Value;
        var dark = style[style.IndexOf("prefers-color-scheme:dark", StringComparison.Ordinal)..];

        Assert.Contains("--c1:#0072b2", style, StringComparison.Ordinal);
        Assert.Contains("--c1:#57aeea", dark, StringComparison.Ordinal);
    }

    [Fact]
    public void Figure_WithoutPanels_Throws()
    {
        var error = Assert.Throws<ArgumentException>(() => new Figure("f", []));
        Assert.Contains("expected at least one chart, got none", error.Message, StringComparison.Ordinal);
    }

    private static LineChart Chart(string title, params (double X, double Y)[] points)
        => new(title, X, Y, [new Series("lstm", [.. points.Select(point => new ChartPoint(point.X, point.Y))]) { Colour = 1 }]);
}
