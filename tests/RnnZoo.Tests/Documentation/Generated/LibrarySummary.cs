using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>What the library's documentation file says of its types.</summary>
internal static partial class LibrarySummary
{
    /// <summary>Every summary, by the member's name in the file, as T:RnnZoo.Seeds.</summary>
    public static Dictionary<string, XElement?> Read() => XDocument.Load(Path.ChangeExtension(typeof(Seeds).Assembly.Location, ".xml")).Descendants("member")
        .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary"));

    /// <summary>Text in one line of Markdown.</summary>
    public static string Line(IEnumerable<XNode> nodes) => Spaces().Replace(string.Concat(nodes.Select(Text)), " ").Trim();

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement reference when (reference.Attribute("cref") ?? reference.Attribute("name")) is { } name => $"`{Member().Replace(name.Value, "")}`",
        XElement other => string.Concat(other.Nodes().Select(Text)),
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    // What stands before the last name of a reference, and its parameters.
    [GeneratedRegex(@"^[A-Z]:([\w`{},]+\.)*|\(.*\)$|[`{].*$")]
    private static partial Regex Member();
}
