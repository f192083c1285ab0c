namespace RnnZoo.Kernels;

/// <summary>
/// Hands out parts of a block one after the other. Without a block it only counts, so that the same layout code first
/// finds the size and then the addresses.
/// </summary>
internal unsafe struct Arena(byte* start)
{
    /// <summary>Bytes handed out.</summary>
    public nuint Used { get; private set; }

    /// <summary><paramref name="count"/> elements on a cache line of their own.</summary>
    public T* Take<T>(nint count)
        where T : unmanaged
    {
        var part = start == null ? null : (T*)(start + Used);
        Used += ((nuint)count * (nuint)sizeof(T) + 63) & ~(nuint)63;
        return part;
    }
}
