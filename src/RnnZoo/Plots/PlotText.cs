using System.Text;
using ScottPlot;
using SkiaSharp;

namespace RnnZoo.Plots;

/// <summary>
/// The letters of pictures. A font comes with this library, for Skia brings none: on a machine without fonts labels would
/// be missing, and elsewhere a picture would depend on what is installed.
/// </summary>
internal static class PlotText
{
    /// <summary>The size of most labels, in pixels.</summary>
    public const float Size = 12;

    /// <summary>The height of a line of labels, gap included.</summary>
    public const double LineHeight = 15;

    /// <summary>The name that ScottPlot knows the font by.</summary>
    public const string Font = "RnnZoo Sans";

    private static readonly SKTypeface Regular = Read("DejaVuSans.ttf");
    private static readonly SKTypeface Bold = Read("DejaVuSans-Bold.ttf");

    static PlotText() => Fonts.FontResolvers.Insert(0, new Resolver());

    /// <summary>
    /// Sets a label's text and how it looks. A text with letters that our font lacks is drawn in one that the machine has;
    /// where no font has them, the replacement character stands for them.
    /// </summary>
    public static void Set(LabelStyle label, string text, Color colour, float size = Size, bool bold = false)
    {
        (label.ForeColor, label.FontSize, label.Bold) = (colour, size, bold);
        label.OffsetY = 2; // ScottPlot centres letters together with the room for accents
        var lines = text.Split('\n');
        var other = lines.All(Regular.ContainsGlyphs) ? Font : Fonts.Detect(text);
        label.FontName = lines.All(Fonts.GetTypeface(other, bold, italic: false).ContainsGlyphs) ? other : Font;
        label.Text = label.FontName == other ? text : string.Join('\n', lines.Select(Covered));
    }

    public static LabelStyle Label(string text, Color colour, Alignment alignment)
    {
        var label = new LabelStyle { Alignment = alignment };
        Set(label, text, colour);
        return label;
    }

    public static double Width(string text, float size = Size, bool bold = false)
    {
        using var font = new SKFont(bold ? Bold : Regular, size) { Subpixel = true, Hinting = SKFontHinting.Slight }; // as ScottPlot draws
        return font.MeasureText(text);
    }

    /// <summary>The text, or its beginning and an ellipsis.</summary>
    public static string Shorten(string text, double width, float size = Size, bool bold = false)
    {
        var kept = text;
        while (kept.Length > 0 && Width(kept, size, bold) > width)
        {
            kept = kept.TrimEnd('…');
            kept = kept[..^(kept.Length > 1 && char.IsLowSurrogate(kept[^1]) ? 2 : 1)].TrimEnd() + (kept.Length > 1 ? "…" : "");
        }

        return kept;
    }

    /// <summary>The text in lines that are no wider than that, broken between words.</summary>
    public static IReadOnlyList<string> Wrap(string text, double width, float size = Size, bool bold = false)
    {
        var lines = new List<string>();
        foreach (var word in text.Split(' '))
        {
            if (lines.Count > 0 && Width($"{lines[^1]} {word}", size, bold) <= width)
            {
                lines[^1] += " " + word;
            }
            else
            {
                lines.Add(Shorten(word, width, size, bold));
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

    private static string Covered(string text)
        => string.Concat(text.EnumerateRunes().Select(rune => Regular.ContainsGlyph(rune.Value) ? rune : Rune.ReplacementChar));

    private static SKTypeface Read(string file)
    {
        using var stream = typeof(PlotText).Assembly.GetManifestResourceStream(file)!;
        return SKTypeface.FromStream(stream);
    }

    /// <summary>Gives ScottPlot our font by its name; every other name is left to the others.</summary>
    private sealed class Resolver : IFontResolver
    {
        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
            => CreateTypeface(fontName, weight >= FontWeight.SemiBold, slant != FontSlant.Upright);

        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic)
            => fontName != Font ? null : bold ? Bold : Regular;
    }
}
