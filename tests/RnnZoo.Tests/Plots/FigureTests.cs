using System.Globalization;
using System.Xml.Linq;
using RnnZoo.Plots;
using ScottPlot.Plottables;
using SkiaSharp;

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
        Assert.Contains("a < b & \"c\" > 'd'", svg.Labels());
        Assert.Contains("<script>alert(1)</script>", svg.Labels());
        Assert.Empty(svg.All("script"));
    }

    [Theory]
    [InlineData("a\u0001b\uFFFEc")]
    [InlineData("a\uE7F0b\uE7F0c")] // letters of no font: they stand in the title, and the labels say that something is missing
    public void ToSvg_CharactersThatCannotBeShown_AreReplaced(string title)
    {
        var svg = XElement.Parse(new Figure(title, [Chart("p", (1, 1))]).ToSvg());

        Assert.Equal(title.Replace('\u0001', '\uFFFD').Replace('\uFFFE', '\uFFFD'), svg.All("title").First().Value);
        Assert.Contains("a\uFFFDb\uFFFDc", svg.Labels());
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
    public void ToSvg_WhatItShows_IsLabelled()
        => XElement.Parse(new Figure("Copy task", [Chart("delay 5", (1, 2), (3, 0.25))]) { Subtitle = "ten symbols" }.ToSvg())
            .AssertLabels("Copy task", "ten symbols", "lstm", "delay 5", "steps", "loss", "0.5", "2");

    [Fact]
    public void ToSvg_TwoFiguresOfOnePage_ShareNoName()
    {
        var map = HeatMapTests.Map((row, column) => row + column, 3, 5, AxisScale.Linear);
        string[] Names(string title) => [.. XElement.Parse(new Figure(title, [Chart("p", (1, 1)), map]).ToSvg())
            .DescendantsAndSelf().Attributes("id").Select(id => id.Value)];

        Assert.Equal(Names("one").Length, Names("one").Distinct().Count());
        Assert.Empty(Names("one").Intersect(Names("two")));
    }

    [Fact]
    public void ToSvg_EveryReference_NamesSomethingInTheFile()
    {
        var svg = XElement.Parse(new Figure("f", [Chart("p", (1, 1), (2, 2)), HeatMapTests.Map((row, column) => row + column, 3, 5, AxisScale.Linear)]).ToSvg());
        var names = svg.DescendantsAndSelf().Attributes("id").Select(id => id.Value).ToHashSet();

        string[] references =
        [
            .. svg.Descendants().Attributes("clip-path").Select(clip => clip.Value["url(#".Length..^1]),
            .. svg.All("use").Attributes().Where(link => link.Name.LocalName == "href").Select(link => link.Value[1..]),
        ];
        Assert.True(references.Length >= 4);
        Assert.All(references, reference => Assert.Contains(reference, names));
    }

    [Fact]
    public void ToSvg_NoBlackSheet_LiesBehindOrOverThePicture()
    {
        var svg = XElement.Parse(new Figure("f", [Chart("p", (1, 1), (2, 2))]).ToSvg());

        var (width, height) = svg.Size();
        var sheets = svg.Elements().Where(element => element.Name.LocalName == "rect" && element.Number("width") >= width && element.Number("height") >= height);
        Assert.All(sheets, sheet => Assert.Equal("white", (string?)sheet.Attribute("fill")));
        Assert.NotEmpty(sheets);
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

    [Fact]
    public void ToSvg_ManyAtOnce_AreTheSame()
    {
        var figure = new Figure("f", [Chart("p", (0.5, 1.25), (1.5, 2.75)), HeatMapTests.Map((row, column) => row + column, 3, 5, AxisScale.Linear)]);
        var expected = figure.ToSvg();

        var made = new string[16];
        Parallel.For(0, made.Length, index => made[index] = figure.ToSvg());

        Assert.All(made, svg => Assert.Equal(expected, svg));
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

        var headings = svg.All("text").Where(text => text.Value[0] == 'p').Select(TextBoxes.Box).ToArray();
        Assert.Equal(panels, headings.Length);
        Assert.Equal(columns, headings.Select(box => Math.Round(box.Left / 50)).Distinct().Count());
        Assert.Equal(rows, headings.Select(box => Math.Round(box.Top)).Distinct().Count());
        TextBoxes.AssertApart(svg);
    }

    [Fact]
    public void ToSvg_OneNameInSeveralPanels_HasOneLegendEntryAndOneColour()
    {
        var svg = XElement.Parse(new Figure("f", [Chart("p", (1, 1), (2, 2)), Chart("q", (1, 1), (2, 2))]).ToSvg());

        Assert.Single(svg.Labels(), label => label == "lstm");
        Assert.Equal(2, svg.Lines().Length);
        Assert.All(svg.Lines(), line => Assert.Equal("#0072b2", line.Attribute("stroke")!.Value, ignoreCase: true));
    }

    [Fact]
    public void ToMultiplot_Changed_IsDrawnAsChanged()
    {
        var figure = new Figure("f", [Chart("p", (1, 1), (2, 2))]);
        var multiplot = figure.ToMultiplot();
        var plot = multiplot.Subplots.GetPlot(1);
        plot.Axes.Title.Label.Text = "my own title";
        plot.GetPlottables<Scatter>().Single().LineColor = ScottPlot.Color.FromHex("#123456");

        var svg = XElement.Parse(figure.ToSvg(multiplot));

        Assert.Contains("my own title", svg.Labels());
        Assert.DoesNotContain("p", svg.Labels());
        Assert.Equal("#123456", Assert.Single(svg.Lines()).Attribute("stroke")!.Value);
        Assert.Equal("f", svg.All("title").First().Value);
        Assert.NotEqual(figure.ToPng(), figure.ToPng(multiplot));
    }

    [Fact]
    public void ToPng_IsAsLargeAsAskedFor_AndNotBlank()
    {
        var figure = new Figure("f", [Chart("p", (1, 1), (2, 2))]);
        var (width, height) = XElement.Parse(figure.ToSvg()).Size();

        foreach (var scale in new[] { 1.0, 2.0, 0.5 })
        {
            using var image = SKBitmap.Decode(figure.ToPng(scale: scale));
            Assert.Equal((Math.Ceiling(width * scale), Math.Ceiling(height * scale)), (image.Width, image.Height));
            Assert.Contains(new SKColor(0x00, 0x72, 0xb2), image.Pixels); // the series
            Assert.InRange(image.Pixels.Count(pixel => pixel == SKColors.White) / (double)image.Pixels.Length, 0.8, 0.995);
            Assert.DoesNotContain(image.Pixels, pixel => pixel.Alpha < 255);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => figure.ToPng(scale: 0));
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
