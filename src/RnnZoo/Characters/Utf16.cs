using System.Text;

namespace RnnZoo.Characters;

/// <summary>Characters of strings.</summary>
internal static class Utf16
{
    /// <summary>Visits every character with its index in the string.</summary>
    /// <exception cref="ArgumentException">Half of a surrogate pair stands alone.</exception>
    public static void Scan(string text, Action<Rune, int> visit)
    {
        for (var index = 0; index < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, index, out var rune))
            {
                throw new ArgumentException($"text: expected valid Unicode, got half of a surrogate pair, U+{(int)text[index]:X4}, at index {index}.");
            }

            visit(rune, index);
            index += rune.Utf16SequenceLength;
        }
    }

    /// <summary>A character as messages show it.</summary>
    public static string Show(int rune) => Rune.IsControl(new Rune(rune)) ? $"U+{rune:X4}" : $"'{new Rune(rune)}' (U+{rune:X4})";
}
