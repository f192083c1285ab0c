namespace RnnZoo.Plots;

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
