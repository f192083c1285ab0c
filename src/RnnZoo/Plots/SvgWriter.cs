using System.Globalization;
using System.Text;
using System.Xml;

namespace RnnZoo.Plots;

/// <summary>Writes SVG elements; escapes all text and prints numbers the same way everywhere.</summary>
internal sealed class SvgWriter : IDisposable
{
    private const string Namespace = "http://www.w3.org/2000/svg";
    private readonly StringBuilder _text = new();
    private readonly XmlWriter _xml;

    public SvgWriter() => _xml = XmlWriter.Create(_text, new XmlWriterSettings
    {
        OmitXmlDeclaration = true,
        Indent = true,
        IndentChars = " ",
        NewLineChars = "\n",
    });

    public static string Number(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);

    public void Open(string element, params (string Name, object Value)[] attributes)
    {
        _xml.WriteStartElement(element, Namespace);
        foreach (var (name, value) in attributes)
        {
            _xml.WriteAttributeString(name, value is double number ? Number(number) : Clean(value.ToString()!));
        }
    }

    public void Close() => _xml.WriteEndElement();

    public void Empty(string element, params (string Name, object Value)[] attributes)
    {
        Open(element, attributes);
        Close();
    }

    public void Text(string content, string element, params (string Name, object Value)[] attributes)
    {
        Open(element, attributes);
        _xml.WriteString(Clean(content));
        Close();
    }

    public void Label(string content, double x, double y, string style, string anchor = "start")
        => Text(content, "text", ("x", x), ("y", y), ("class", style), ("text-anchor", anchor));

    public void Line(double x1, double y1, double x2, double y2, string style)
        => Empty("line", ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2), ("class", style));

    public void Dispose() => _xml.Dispose();

    public override string ToString()
    {
        _xml.Flush();
        return _text.ToString();
    }

    /// <summary>Puts the replacement character where XML 1.0 allows no character at all.</summary>
    private static string Clean(string content)
    {
        var clean = new StringBuilder(content.Length);
        foreach (var rune in content.EnumerateRunes())
        {
            var allowed = rune.Value is '\t' or '\n' or '\r' or >= 0x20 and not (0xFFFE or 0xFFFF);
            clean.Append((allowed ? rune : Rune.ReplacementChar).ToString());
        }

        return clean.ToString();
    }
}
