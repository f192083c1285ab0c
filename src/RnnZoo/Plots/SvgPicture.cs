using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using ScottPlot;
using SkiaSharp;

namespace RnnZoo.Plots;

/// <summary>
/// What Skia writes as SVG, made fit for readers: with a title and a description, names of its own, and text that stands
/// right in any font. Skia gives each letter its place in its own font, in a list that ends in a comma.
/// </summary>
internal static class SvgPicture
{
    private const string Families = "'DejaVu Sans', Verdana, system-ui, sans-serif";
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private static readonly XNamespace XLink = "http://www.w3.org/1999/xlink";
    private static readonly Regex LongNumber = new(@"-?\d+\.\d+(e-?\d+)?");

    public static string Draw(Multiplot picture, int width, int height, string title, string description)
    {
        var svg = XElement.Parse(Clean(Render(picture, width, height)));
        var id = "chart-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(title + "\n" + description)).AsSpan(0, 6));
        // ScottPlot clears the canvas, which Skia writes as a black rectangle.
        svg.Elements(Svg + "rect").First().Remove();
        svg.Descendants(Svg + "text").Where(text => text.Value.Trim().Length == 0).Remove(); // letters that no font has
        foreach (var text in svg.Descendants(Svg + "text"))
        {
            Anchor(text);
        }

        foreach (var path in svg.Descendants().Attributes("d"))
        {
            path.Value = LongNumber.Replace(path.Value, number => Number(double.Parse(number.Value, CultureInfo.InvariantCulture)));
        }

        Rename(svg, id);
        foreach (var image in svg.Descendants(Svg + "image"))
        {
            image.SetAttributeValue("style", "image-rendering:optimizeSpeed;image-rendering:pixelated"); // cells with sharp edges
        }

        svg.ReplaceAttributes(
            new XAttribute(XNamespace.Xmlns + "xlink", XLink), new XAttribute("id", id), new XAttribute("viewBox", $"0 0 {width} {height}"), new XAttribute("width", "100%"),
            new XAttribute("style", $"max-width:{width}px;height:auto"), new XAttribute("role", "img"), new XAttribute("aria-labelledby", $"{id}-title {id}-desc"));
        svg.AddFirst(
            new XElement(Svg + "title", new XAttribute("id", $"{id}-title"), Clean(title)),
            new XElement(Svg + "desc", new XAttribute("id", $"{id}-desc"), Clean(description)));
        return Write(svg);
    }

    private static string Render(Multiplot picture, int width, int height)
    {
        var area = new PixelRect(width, height);
        using var recorder = new SKPictureRecorder();
        picture.Render(recorder.BeginRecording(SKRect.Create(width, height)), area); // the first time ScottPlot draws twice, to fit the labels
        using var stream = new MemoryStream();
        using (var canvas = SKSvgCanvas.Create(SKRect.Create(width, height), stream))
        {
            picture.Render(canvas, area);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Gives what has a name one of this picture: several may stand in one page, and Skia counts names on through all pictures of a program.</summary>
    private static void Rename(XElement svg, string id)
    {
        var names = svg.Descendants().Attributes("id").Select((name, index) => (Old: "#" + name.Value, New: $"#{id}-{index}")).ToDictionary(name => name.Old, name => name.New);
        foreach (var attribute in svg.Descendants().Attributes())
        {
            attribute.Value = attribute switch
            {
                { Name.LocalName: "id" } => names["#" + attribute.Value][1..],
                { Name.LocalName: "clip-path" } => $"url({names[attribute.Value["url(".Length..^1]]})",
                { Name.LocalName: "href", Value: ['#', ..] } => names[attribute.Value],
                _ => attribute.Value,
            };
        }
    }

    /// <summary>Puts one anchor in the place of a list of letters' places: the start, the middle or the end, whichever ScottPlot placed the text by.</summary>
    private static void Anchor(XElement text)
    {
        var content = text.Value.Trim();
        var size = (float)Value(text, "font-size");
        var width = PlotText.Width(content, size, text.Attribute("font-weight") is not null);
        var left = Value(text, "x");
        var (anchor, share) = (width > 0 ? -left / width : 0) switch
        {
            > 0.9 => ("end", 1),
            > 0.4 => ("middle", 0.5),
            _ => ("start", 0.0),
        };
        text.Value = content;
        text.SetAttributeValue("x", Number(left + (share * width)));
        text.SetAttributeValue("y", Number(Value(text, "y")));
        text.SetAttributeValue("text-anchor", anchor);
        text.SetAttributeValue("font-family", Families);
    }

    private static double Value(XElement text, string attribute)
        => double.Parse(text.Attribute(attribute)?.Value.Split(',')[0] ?? "0", CultureInfo.InvariantCulture);

    private static string Number(double value) => (Math.Round(value, 1) + 0.0).ToString("0.#", CultureInfo.InvariantCulture); // no -0

    private static string Write(XElement svg)
    {
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, IndentChars = " ", NewLineChars = "\n" }))
        {
            svg.Save(writer);
        }

        return text.ToString();
    }

    /// <summary>Puts the replacement character where XML 1.0 allows no character at all.</summary>
    private static string Clean(string content)
        => string.Concat(content.EnumerateRunes().Select(rune => rune.Value is '\t' or '\n' or '\r' or >= 0x20 and not (0xFFFE or 0xFFFF) ? rune : Rune.ReplacementChar));
}
