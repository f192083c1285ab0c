namespace RnnZoo.Kernels;

/// <summary>Row lengths of working arrays.</summary>
internal static unsafe class Stride
{
    private const int Line = 64;

    /// <summary>Elements, rounded up to whole cache lines (which are whole vectors of any width).</summary>
    public static nint Padded<T>(nint count)
        where T : unmanaged => (count + (Line / sizeof(T)) - 1) / (Line / sizeof(T)) * (Line / sizeof(T));

    /// <summary>
    /// An odd number of cache lines: the rows of a tile are read side by side, and with a power of two between them they
    /// would all compete for the same few places in the first-level cache.
    /// </summary>
    public static nint OddLines<T>(nint count)
        where T : unmanaged
    {
        var lines = Padded<T>(count) / (Line / sizeof(T));
        return (lines | 1) * (Line / sizeof(T));
    }
}
