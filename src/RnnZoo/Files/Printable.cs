using System.Globalization;
using System.Text;

namespace RnnZoo.Files;

/// <summary>Texts of files from anywhere, for messages: short, and without what a terminal would obey.</summary>
internal static class Printable
{
    private const int Longest = 500;

    /// <summary>The text, with \uXXXX for every character that shows as none; of a long one the beginning.</summary>
    public static string Of(string text)
    {
        var shown = new StringBuilder();
        foreach (var letter in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            var hidden = char.GetUnicodeCategory(letter) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            _ = hidden ? shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}") : shown.Append(letter);
        }

        return text.Length > Longest ? shown.Append("...").ToString() : shown.ToString();
    }
}
