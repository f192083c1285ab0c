using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

/// <summary>Reads pictures back.</summary>
internal static partial class SvgText
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public static IEnumerable<XElement> All(this XElement svg, string element) => svg.Descendants(Svg + element);

    /// <summary>The labels, in the order in which they are drawn.</summary>
    public static string[] Labels(this XElement svg) => [.. svg.All("text").Select(text => text.Value)];

    public static void AssertLabels(this XElement svg, params string[] labels) => Assert.All(labels, label => Assert.Contains(label, svg.Labels()));

    /// <summary>The solid lines of series, by their width.</summary>
    public static XElement[] Lines(this XElement svg) => [.. svg.All("path").Where(path => (string?)path.Attribute("fill") == "none" && (string?)path.Attribute("stroke-width") == "2")];

    public static double Number(this XElement element, string attribute)
        => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    public static double[] Numbers(string text) => [.. NumberPattern().Matches(text).Select(number => double.Parse(number.Value, CultureInfo.InvariantCulture))];

    /// <summary>The points of a path that is made of M and L alone.</summary>
    public static (double X, double Y)[] Points(this XElement path)
        => [.. Numbers(path.Attribute("d")!.Value).Chunk(2).Select(pair => (pair[0], pair[1]))];

    /// <summary>The width and the height of a picture.</summary>
    public static (double Width, double Height) Size(this XElement svg) => Numbers(svg.Attribute("viewBox")!.Value) is [_, _, var width, var height] ? (width, height) : default;

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex NumberPattern();
}

/// <summary>Where the labels of a picture lie, by the measure of the font that comes with the library.</summary>
internal static class TextBoxes
{
    private const double Ascent = 0.74;
    private const double Descent = 0.2;

    public static void AssertApart(XElement svg)
    {
        var boxes = svg.All("text").Select(Box).ToArray();
        Assert.NotEmpty(boxes);
        var (width, height) = svg.Size();
        Assert.All(boxes, box => Assert.True(
            box.Left >= 0 && box.Top >= 0 && box.Right <= width && box.Bottom <= height, $"'{box.Text}' leaves the picture"));
        for (var one = 0; one < boxes.Length; one++)
        {
            for (var other = one + 1; other < boxes.Length; other++)
            {
                Assert.False(boxes[one].Meets(boxes[other]), $"'{boxes[one].Text}' overlaps '{boxes[other].Text}'");
            }
        }
    }

    /// <summary>Where a label lies: its corners, moved as its transform says, which turns by quarters only.</summary>
    public static TextBox Box(XElement text)
    {
        var size = text.Number("font-size");
        var width = PlotText.Width(text.Value, (float)size, text.Attribute("font-weight") is not null);
        var left = text.Number("x") - ((string?)text.Attribute("text-anchor") switch
        {
            "middle" => width / 2,
            "end" => width,
            _ => 0,
        });
        var (top, bottom) = (text.Number("y") - (Ascent * size), text.Number("y") + (Descent * size));
        var transform = text.Attribute("transform")!.Value;
        var matrix = SvgText.Numbers(transform) switch
        {
            [var x, var y] when transform.StartsWith("translate", StringComparison.Ordinal) => [1, 0, 0, 1, x, y],
            [_, _, _, _, _, _] numbers when transform.StartsWith("matrix", StringComparison.Ordinal) => numbers,
            _ => throw new FormatException(transform),
        };
        (double X, double Y) Move(double x, double y) => ((matrix[0] * x) + (matrix[2] * y) + matrix[4], (matrix[1] * x) + (matrix[3] * y) + matrix[5]);
        var (one, other) = (Move(left, top), Move(left + width, bottom));
        return new TextBox(text.Value, Math.Min(one.X, other.X), Math.Min(one.Y, other.Y), Math.Max(one.X, other.X), Math.Max(one.Y, other.Y));
    }

    internal sealed record TextBox(string Text, double Left, double Top, double Right, double Bottom)
    {
        public bool Meets(TextBox other) => Left < other.Right && other.Left < Right && Top < other.Bottom && other.Top < Bottom;
    }
}
