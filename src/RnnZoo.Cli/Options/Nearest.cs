namespace RnnZoo.Cli.Options;

/// <summary>Finds the word that someone probably meant.</summary>
internal static class Nearest
{
    /// <summary>The known word with the fewest single-letter changes from what was typed, swaps of neighbours counting as one.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="known">The words that exist.</param>
    /// <returns>The nearest one, or null if none is near: more than a third of its letters differ, or more than three.</returns>
    public static string? To(string typed, IEnumerable<string> known)
    {
        // Of a name as short as -h every other one would be near.
        var nearest = known.Where(word => word.Length > 2).Select(word => (Word: word, Distance: Distance(typed, word)))
            .OrderBy(pair => pair.Distance).ThenBy(pair => pair.Word, StringComparer.Ordinal).FirstOrDefault();
        return nearest.Word is { } best && nearest.Distance <= Math.Min(3, Math.Max(1, best.Length / 3)) ? best : null;
    }

    /// <summary>The optimal string alignment distance.</summary>
    internal static int Distance(string left, string right)
    {
        var table = new int[left.Length + 1, right.Length + 1];
        for (var row = 0; row <= left.Length; row++)
        {
            for (var column = 0; column <= right.Length; column++)
            {
                if (row == 0 || column == 0)
                {
                    table[row, column] = row + column;
                    continue;
                }

                var change = left[row - 1] == right[column - 1] ? 0 : 1;
                var best = Math.Min(Math.Min(table[row - 1, column], table[row, column - 1]) + 1, table[row - 1, column - 1] + change);
                var swapped = row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
                table[row, column] = swapped ? Math.Min(best, table[row - 2, column - 2] + 1) : best;
            }
        }

        return table[left.Length, right.Length];
    }
}
