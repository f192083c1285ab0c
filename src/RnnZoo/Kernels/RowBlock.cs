using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>Moves rows between the caller's dense arrays and padded working rows.</summary>
internal static unsafe class RowBlock<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>target[row, 0..count) = source[row, 0..count).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(T* target, nint targetStride, T* source, nint sourceStride, int rows, int count)
    {
        for (var row = 0; row < rows; row++)
        {
            nint i = 0;
            for (; i <= count - S.Lanes; i += S.Lanes)
            {
                S.Store(target + i, S.Load(source + i));
            }

            for (; i < count; i++)
            {
                target[i] = source[i];
            }

            target += targetStride;
            source += sourceStride;
        }
    }

    /// <summary>target[row, 0..count) += source[row, 0..count); what lies beyond in the target's rows stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(T* target, nint targetStride, T* source, nint sourceStride, int rows, int count)
    {
        var tail = stackalloc byte[128];
        var partial = (T*)tail;
        for (var row = 0; row < rows; row++)
        {
            nint i = 0;
            for (; i <= count - S.Lanes; i += S.Lanes)
            {
                S.Store(target + i, S.Add(S.Load(target + i), S.Load(source + i)));
            }

            if (i < count)
            {
                AddTail(target + i, source + i, count - (int)i, partial);
            }

            target += targetStride;
            source += sourceStride;
        }
    }

    /// <summary>Sets all elements to zero.</summary>
    public static void Clear(T* target, nint count) => new Span<T>(target, checked((int)count)).Clear();

    // The end of a row may be the end of the memory: the elements go through a vector on the stack.
    private static void AddTail(T* target, T* source, int count, T* partial)
    {
        for (var i = 0; i < count; i++)
        {
            partial[i] = target[i];
            partial[S.Lanes + i] = source[i];
        }

        S.Store(partial, S.Add(S.Load(partial), S.Load(partial + S.Lanes)));
        for (var i = 0; i < count; i++)
        {
            target[i] = partial[i];
        }
    }
}

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
