using System.Xml.Linq;
using RnnZoo.Plots;
using ScottPlot.Plottables;

namespace RnnZoo.Tests.Plots;

public class LineChartTests
{
    private const double Tolerance = 0.11; // Positions are written to a tenth.

    [Fact]
    public void Draw_LinearAxes_PlacesPointsInProportion()
    {
        var points = Draw(new Axis("x"), new Axis("y"), (0, 0), (1, 5), (4, 10)).Lines().Single().Points();

        Assert.Equal((points[2].X - points[0].X) / 4, points[1].X - points[0].X, Tolerance);
        Assert.Equal((points[0].Y - points[2].Y) / 2, points[0].Y - points[1].Y, Tolerance);
        Assert.True(points[0].Y > points[2].Y, "Larger values lie higher.");
    }

    [Fact]
    public void Draw_LogAxis_PlacesEqualRatiosEquallyFarApart()
    {
        var points = Draw(new Axis("x"), new Axis("y") { Scale = AxisScale.Log }, (0, 0.01), (1, 0.1), (2, 1)).Lines().Single().Points();

        Assert.Equal(points[0].Y - points[1].Y, points[1].Y - points[2].Y, Tolerance);
        Assert.True(points[0].Y - points[1].Y > 10);
    }

    [Fact]
    public void Draw_LogAxis_GivesScottPlotThePowersOfTen()
        => Assert.Equal([-2, -1, 0], Scatter(Chart(new Axis("x"), new Axis("y") { Scale = AxisScale.Log }, (0, 0.01), (1, 0.1), (2, 1))).Select(point => Math.Round(point.Y, 9)));

    [Theory]
    [InlineData(double.NaN, AxisScale.Linear)]
    [InlineData(double.PositiveInfinity, AxisScale.Linear)]
    [InlineData(double.NegativeInfinity, AxisScale.Linear)]
    [InlineData(0, AxisScale.Log)]
    [InlineData(-1, AxisScale.Log)]
    public void Draw_ValueThatTheAxisCannotShow_IsAGap(double value, AxisScale scale)
    {
        (double, double)[] points = [(0, 1), (1, 2), (2, value), (3, 3), (4, 4), (5, 5)];

        var path = Draw(new Axis("x"), new Axis("y") { Scale = scale }, points).Lines().Single().Attribute("d")!.Value;

        Assert.Equal([2, 3], path.Split('M', StringSplitOptions.RemoveEmptyEntries).Select(piece => piece.Split('L').Length));
    }

    [Fact]
    public void Draw_PointBetweenGaps_IsSeenAsAMarker()
    {
        var chart = Chart(new Axis("x"), new Axis("y"), (0, double.NaN), (1, 2), (2, double.NaN), (3, 4), (4, 5));

        Assert.Equal((1, 2), Assert.Single(Markers(chart)));
        Assert.Single(XElement.Parse(new Figure("f", [chart]).ToSvg()).All("ellipse"));
    }

    [Fact]
    public void Draw_Markers_AreOnEachPoint()
    {
        var chart = Chart(new Axis("x"), new Axis("y"), (0, 1), (1, 2), (2, double.NaN));

        Assert.Empty(Markers(chart));
        Assert.Equal([(0, 1), (1, 2)], Markers(chart with { Series = [chart.Series[0] with { Markers = true }] }));
    }

    [Theory]
    [InlineData(AxisScale.Linear)]
    [InlineData(AxisScale.Log)]
    public void Draw_NoPointAtAll_IsAnEmptyFrame(AxisScale scale)
    {
        var svg = Draw(new Axis("x"), new Axis("y") { Scale = scale });

        Assert.Empty(svg.Lines());
        Assert.Contains("1", svg.Labels());
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Draw_OneValueOnly_IsSeenAndDoesNotDivideByZero()
    {
        var svg = Draw(new Axis("x"), new Axis("y"), (3, 7), (3, 7));

        Assert.NotEmpty(svg.All("ellipse"));
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("∞", svg.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AxisScale.Linear, 5)]
    [InlineData(AxisScale.Log, 0.69897)]
    public void Draw_ReferenceLine_IsDashedLiesAtItsValueAndIsNamed(AxisScale scale, double place)
    {
        var chart = Chart(new Axis("x"), new Axis("y") { Scale = scale }, (0, 1), (1, 10)) with { ReferenceLines = [new ReferenceLine(5, "baseline 5")] };

        var line = chart.ToPlot().GetPlottables<HorizontalLine>().Single();
        Assert.Equal(place, line.Y, 1e-5);
        Assert.NotEqual(ScottPlot.LinePattern.Solid, line.LinePattern);
        Assert.Contains("baseline 5", XElement.Parse(new Figure("f", [chart]).ToSvg()).Labels());
        Assert.Contains("baseline 5", XElement.Parse(new Figure("f", [chart with { EndLabels = true }]).ToSvg()).Labels());
    }

    [Fact]
    public void Draw_ReferenceLineBeyondTheData_WidensTheAxis()
    {
        var plot = (Chart(new Axis("x"), new Axis("y"), (0, 1), (1, 2)) with { ReferenceLines = [new ReferenceLine(9, "far")] }).ToPlot();

        Assert.InRange(plot.GetPlottables<HorizontalLine>().Single().Y, plot.Axes.Left.Min, plot.Axes.Left.Max);
    }

    [Fact]
    public void Draw_EndLabels_NameSolidLinesInPlaceOfTheLegend()
    {
        var chart = new LineChart("p", new Axis("x"), new Axis("y"), [new Series("solid", [new(0, 1), new(1, 2)]), new Series("dashed", [new(0, 1), new(1, 3)]) { Dashed = true }])
        {
            EndLabels = true,
            StyleNames = new LineStyleNames("measured", "predicted"),
        };

        var svg = XElement.Parse(new Figure("f", [chart]).ToSvg());

        svg.AssertLabels("solid", "measured", "predicted");
        Assert.DoesNotContain("dashed", svg.Labels());
    }

    [Theory]
    [InlineData(0, 1, "0,0.2,0.4,0.6,0.8,1")]
    [InlineData(0, 3000, "0,500,1,000,1,500,2,000,2,500,3,000")]
    [InlineData(-1, 1, "−1,−0.5,0,0.5,1")]
    public void Draw_LinearTicks_AreRound(double minimum, double maximum, string expected)
        => Assert.Equal(expected, VerticalTicks(new Axis("y") { Minimum = minimum, Maximum = maximum }));

    [Theory]
    [InlineData(0.001, 10, "0.001,0.01,0.1,1,10")]
    [InlineData(0.5, 5, "0.5,1,2,5")]
    [InlineData(1e-12, 1e-8, "10⁻¹²,10⁻¹¹,10⁻¹⁰,10⁻⁹,10⁻⁸")]
    public void Draw_LogTicks_ArePowersOfTenOrTheirSimpleMultiples(double minimum, double maximum, string expected)
        => Assert.Equal(expected, VerticalTicks(new Axis("y") { Minimum = minimum, Maximum = maximum, Scale = AxisScale.Log }));

    [Fact]
    public void Draw_ValuesBesidePowersOfTen_AreLabelledByThem()
        => Assert.Equal(["2·10⁻⁵", "−10⁻⁷", "1.5·10⁸", "10⁷", "0.0001", "−3", "0"], new[] { 2e-5, -1e-7, 1.5e8, 1e7, 1e-4, -3, 0 }.Select(Ticks.Label));

    [Fact]
    public void Draw_GivenTicks_AreTaken()
        => Assert.Equal("5,10,20", VerticalTicks(new Axis("y") { Minimum = 5, Maximum = 20, Ticks = [5, 10, 20, 99] }));

    [Fact]
    public void Smoothed_LongSeries_HasTheMeansOfEqualGroups()
    {
        var series = new Series("s", [.. Enumerable.Range(1, 7).Select(index => new ChartPoint(index, index == 2 ? double.NaN : index * 10))]);

        var smooth = series.Smoothed(3);

        // Groups of three: (1, 3) without the gap at 2, then 4 to 6, then 7.
        Assert.Equal([new ChartPoint(2, 20), new ChartPoint(5, 50), new ChartPoint(7, 70)], smooth.Points);
        Assert.Same(series, series.Smoothed(7));
    }

    [Fact]
    public void Smoothed_GroupWithoutFiniteValue_IsAGap()
    {
        var series = new Series("s", [new(1, double.NaN), new(2, double.PositiveInfinity), new(3, 3), new(4, 5)]);

        Assert.True(double.IsNaN(series.Smoothed(2).Points[0].Y));
        Assert.Equal(new ChartPoint(3.5, 4), series.Smoothed(2).Points[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => series.Smoothed(0));
    }

    private static IEnumerable<(double X, double Y)> Scatter(LineChart chart)
        => chart.ToPlot().GetPlottables<Scatter>().Single().Data.GetScatterPoints().Select(point => (point.X, point.Y));

    private static IEnumerable<(double X, double Y)> Markers(LineChart chart)
        => chart.ToPlot().GetPlottables<Markers>().Single().Data.GetScatterPoints().Select(point => (point.X, point.Y));

    private static string VerticalTicks(Axis vertical)
    {
        var svg = Draw(new Axis("x") { Ticks = [] }, vertical, (0, vertical.Minimum!.Value), (1, vertical.Maximum!.Value));
        return string.Join(',', svg.All("text").Where(text => (string?)text.Attribute("text-anchor") == "end").Select(text => text.Value));
    }

    private static XElement Draw(Axis horizontal, Axis vertical, params (double X, double Y)[] points)
        => XElement.Parse(new Figure("f", [Chart(horizontal, vertical, points)]).ToSvg());

    private static LineChart Chart(Axis horizontal, Axis vertical, params (double X, double Y)[] points)
        => new("p", horizontal, vertical, [new Series("s", [.. points.Select(point => new ChartPoint(point.X, point.Y))])]);
}
