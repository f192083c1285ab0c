namespace RnnZoo.Streams;

/// <summary>Looks up the interval that a position falls into.</summary>
internal static class Floor
{
    /// <summary>The last index whose start is not above a position; of equal starts the last.</summary>
    /// <param name="starts">Ascending, the first not above the position.</param>
    /// <param name="position">What to look for.</param>
    public static int IndexOf(ReadOnlySpan<long> starts, long position)
    {
        var (low, high) = (0, starts.Length);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = starts[middle] <= position ? (middle, high) : (low, middle);
        }

        return low;
    }
}
