using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

/// <summary>Reads pictures back.</summary>
internal static class SvgText
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    public static IEnumerable<XElement> All(this XElement svg, string element) => svg.Descendants(Svg + element);

    public static IEnumerable<XElement> OfClass(this XElement svg, string element, string style)
        => svg.All(element).Where(found => ((string?)found.Attribute("class") ?? "").Split(' ').Contains(style));

    public static double Number(this XElement element, string attribute)
        => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    /// <summary>The points of a path that is made of M and L alone.</summary>
    public static (double X, double Y)[] Points(this XElement path)
        => [.. path.Attribute("d")!.Value.Split('M', 'L').Skip(1).Select(pair => pair.Split(' ')
            .Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray()).Select(pair => (pair[0], pair[1]))];
}

/// <summary>Where the labels of a picture lie, by a wide font's measure.</summary>
internal static class TextBoxes
{
    private const double Ascent = 0.78;
    private const double Descent = 0.22;

    public static void AssertApart(XElement svg)
    {
        var boxes = svg.All("text").Select(Box).ToArray();
        Assert.NotEmpty(boxes);
        var size = svg.Attribute("viewBox")!.Value.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        Assert.All(boxes, box => Assert.True(
            box.Left >= 0 && box.Top >= 0 && box.Right <= size[2] && box.Bottom <= size[3], $"'{box.Text}' leaves the picture"));
        for (var one = 0; one < boxes.Length; one++)
        {
            for (var other = one + 1; other < boxes.Length; other++)
            {
                Assert.False(boxes[one].Meets(boxes[other]), $"'{boxes[one].Text}' overlaps '{boxes[other].Text}'");
            }
        }
    }

    private static TextBox Box(XElement text)
    {
        var style = ((string?)text.Attribute("class") ?? "").Split(' ');
        var size = style.Contains("title") ? 18 : style.Contains("heading") ? 14 : 12;
        var width = TextSize.Width(text.Value, size);
        var before = (string?)text.Attribute("text-anchor") switch
        {
            "middle" => width / 2,
            "end" => width,
            _ => 0,
        };
        if ((string?)text.Attribute("transform") is not { } transform)
        {
            var (x, y) = (text.Number("x"), text.Number("y"));
            return new TextBox(text.Value, x - before, y - (Ascent * size), x - before + width, y + (Descent * size));
        }

        var place = Regex.Match(transform, @"^translate\(([-0-9.]+) ([-0-9.]+)\) rotate\(-90\)$");
        Assert.True(place.Success, transform);
        var (left, bottom) = (Number(place.Groups[1]), Number(place.Groups[2]) + before);
        return new TextBox(text.Value, left - (Ascent * size), bottom - width, left + (Descent * size), bottom);
    }

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);

    private sealed record TextBox(string Text, double Left, double Top, double Right, double Bottom)
    {
        public bool Meets(TextBox other) => Left < other.Right && other.Left < Right && Top < other.Bottom && other.Top < Bottom;
    }
}
