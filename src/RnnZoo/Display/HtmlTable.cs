using System.Globalization;
using System.Net;
using System.Text;

namespace RnnZoo.Display;

/// <summary>A table in HTML without styles of its own, so that it looks as its surroundings do. All text is escaped.</summary>
internal sealed class HtmlTable
{
    private readonly StringBuilder _rows = new();
    private readonly string _caption;
    private readonly IReadOnlyList<string> _titles;

    /// <summary>Begins a table.</summary>
    public HtmlTable(string caption, params IReadOnlyList<string> titles) => (_caption, _titles) = (caption, titles);

    /// <summary>Adds a row.</summary>
    public void Add(params IReadOnlyList<object?> cells)
    {
        if (cells.Count != _titles.Count)
        {
            throw new ArgumentException($"cells: expected {_titles.Count}, one for each column, got {cells.Count}.", nameof(cells));
        }

        _rows.Append("<tr>");
        foreach (var cell in cells)
        {
            _rows.Append(cell is string or null ? "<td>" : "<td style=\"text-align:right\">").Append(Escape(Text(cell))).Append("</td>");
        }

        _rows.Append("</tr>\n");
    }

    /// <summary>The table.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("<table>\n");
        if (_caption.Length > 0)
        {
            text.Append("<caption>").Append(Escape(_caption)).Append("</caption>\n");
        }

        text.Append("<thead><tr>");
        foreach (var title in _titles)
        {
            text.Append("<th>").Append(Escape(title)).Append("</th>");
        }

        return text.Append("</tr></thead>\n<tbody>\n").Append(_rows).Append("</tbody>\n</table>\n").ToString();
    }

    private static string Text(object? cell) => cell switch
    {
        null => "–",
        double number when !double.IsFinite(number) => "–",
        double number => number.ToString("G3", CultureInfo.InvariantCulture),
        long or int => ((IFormattable)cell).ToString("#,0", CultureInfo.InvariantCulture),
        _ => cell.ToString() ?? "",
    };

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
