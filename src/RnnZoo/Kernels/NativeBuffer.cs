using System.Runtime.InteropServices;

namespace RnnZoo.Kernels;

/// <summary>
/// Native memory on a 64-byte boundary, drawn from a pool: a training loop asks for the same sizes again and again, and
/// fresh pages cost more than the arithmetic on them.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int PooledAtMost = 16;
    private static readonly Lock Gate = new();
    private static readonly LinkedList<NativeBuffer> Free = new(); // last returned first
    private static long live;
    private nint address;
    private bool rented;

    private NativeBuffer(nuint bytes)
    {
        Bytes = bytes;
        address = (nint)NativeMemory.AlignedAlloc(bytes, 64);
    }

    ~NativeBuffer()
    {
        if (rented)
        {
            Interlocked.Decrement(ref live);
        }

        NativeMemory.AlignedFree((void*)address);
    }

    /// <summary>Size: at least what was asked for.</summary>
    public nuint Bytes { get; }

    /// <summary>How many buffers are rented now.</summary>
    public static long LiveCount => Interlocked.Read(ref live);

    /// <summary>The memory, with whatever was left in it.</summary>
    public byte* Pointer => rented ? (byte*)address : throw new ObjectDisposedException(nameof(NativeBuffer));

    /// <summary>A pooled buffer of at least <paramref name="bytes"/> and at most twice that, or a new one.</summary>
    public static NativeBuffer Rent(nuint bytes)
    {
        NativeBuffer? best = null;
        lock (Gate)
        {
            foreach (var candidate in Free)
            {
                if (candidate.Bytes >= bytes && candidate.Bytes / 2 <= bytes && (best is null || candidate.Bytes < best.Bytes))
                {
                    best = candidate;
                }
            }

            if (best is not null)
            {
                Free.Remove(best);
            }
        }

        best ??= new NativeBuffer(Rounded(bytes));
        best.rented = true;
        Interlocked.Increment(ref live);
        return best;
    }

    /// <summary>Frees what is in the pool.</summary>
    public static void Trim()
    {
        lock (Gate)
        {
            foreach (var buffer in Free)
            {
                buffer.Release();
            }

            Free.Clear();
        }
    }

    /// <summary>Gives the memory back to the pool.</summary>
    public void Dispose()
    {
        NativeBuffer? surplus = null;
        lock (Gate)
        {
            if (!rented)
            {
                return;
            }

            rented = false;
            Free.AddFirst(this);
            if (Free.Count > PooledAtMost)
            {
                surplus = Free.Last!.Value;
                Free.RemoveLast();
            }
        }

        Interlocked.Decrement(ref live);
        surplus?.Release();
    }

    // Sizes in steps of an eighth, so that sequences of slightly different length share buffers.
    private static nuint Rounded(nuint bytes)
    {
        var step = nuint.Max(4096, (nuint)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)bytes) / 16);
        return (bytes + step - 1) / step * step;
    }

    private void Release()
    {
        NativeMemory.AlignedFree((void*)address);
        address = 0;
        GC.SuppressFinalize(this);
    }
}
