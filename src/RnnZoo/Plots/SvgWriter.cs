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

/// <summary>A rectangle in SVG coordinates: y grows downwards.</summary>
internal readonly record struct Area(double Left, double Top, double Width, double Height)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;
}

/// <summary>How wide text will be. Nothing measures fonts here, so these are the widths of a wide one (DejaVu Sans), to be on the safe side.</summary>
internal static class TextSize
{
    /// <summary>The height of a line of labels, gap included.</summary>
    public const double LineHeight = 15;

    private const double Label = 12;

    public static double Width(string text, double size = Label)
    {
        var width = 0.0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += rune.Value switch
            {
                'i' or 'l' or 'j' or '|' or '\'' or '.' or ',' or ':' or ';' or ' ' => 0.33,
                'f' or 't' or 'r' or '(' or ')' or '[' or ']' or '-' or '/' => 0.42,
                'm' or 'M' or 'w' or 'W' or '%' or '@' or '—' => 0.98,
                '‖' => 0.5,
                (>= 'A' and <= 'Z') or '+' or '=' or '<' or '>' or '≤' or '−' or '×' => 0.8,
                > 0x2E80 => 1,
                _ => 0.63,
            };
        }

        return width * size;
    }

    /// <summary>The text, or its beginning and an ellipsis.</summary>
    public static string Shorten(string text, double width, double size = Label)
    {
        if (Width(text, size) <= width)
        {
            return text;
        }

        var kept = text;
        while (kept.Length > 0 && Width(kept + "…", size) > width)
        {
            kept = kept[..^(kept.Length > 1 && char.IsLowSurrogate(kept[^1]) ? 2 : 1)];
        }

        return kept.TrimEnd() + "…";
    }

    /// <summary>The text in lines that are no wider than that, broken between words.</summary>
    public static IReadOnlyList<string> Wrap(string text, double width, double size = Label)
    {
        var lines = new List<string>();
        foreach (var word in text.Split(' '))
        {
            if (lines.Count > 0 && Width($"{lines[^1]} {word}", size) <= width)
            {
                lines[^1] += " " + word;
            }
            else
            {
                lines.Add(Shorten(word, width, size));
            }
        }

        return lines;
    }

    /// <summary>
    /// Moves labels apart that stand in a column, as little as that takes, and inside its ends as long as they fit there.
    /// </summary>
    /// <param name="wanted">Where the middle of each label should be.</param>
    /// <param name="top">The top of the column.</param>
    /// <param name="bottom">The bottom of the column.</param>
    /// <param name="gap">How far apart middles must be.</param>
    public static double[] Spread(IReadOnlyList<double> wanted, double top, double bottom, double gap = LineHeight)
    {
        var order = Enumerable.Range(0, wanted.Count).OrderBy(index => wanted[index]).ToArray();
        // Blocks of labels that touch: each is centred on what its members want, and blocks that meet are joined.
        var blocks = new List<(double Sum, int Count)>();
        double MiddleOf((double Sum, int Count) block)
        {
            var half = gap * block.Count / 2;
            return Math.Max(top + half, Math.Min(bottom - half, block.Sum / block.Count));
        }

        foreach (var index in order)
        {
            blocks.Add((wanted[index], 1));
            while (blocks.Count > 1 && MiddleOf(blocks[^1]) - MiddleOf(blocks[^2]) < gap * (blocks[^1].Count + blocks[^2].Count) / 2)
            {
                blocks[^2] = (blocks[^2].Sum + blocks[^1].Sum, blocks[^2].Count + blocks[^1].Count);
                blocks.RemoveAt(blocks.Count - 1);
            }
        }

        var places = new double[wanted.Count];
        var next = 0;
        foreach (var block in blocks)
        {
            for (var place = 0; place < block.Count; place++)
            {
                places[order[next++]] = MiddleOf(block) + ((place - ((block.Count - 1) / 2.0)) * gap);
            }
        }

        return places;
    }
}
