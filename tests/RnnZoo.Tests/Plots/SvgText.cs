using System.Globalization;
using System.Xml.Linq;

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
