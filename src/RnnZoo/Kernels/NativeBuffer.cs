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
    private readonly nint address;
    private readonly nuint size;
    private bool rented;

    private NativeBuffer(nuint bytes)
    {
        size = bytes;
        address = (nint)NativeMemory.AlignedAlloc(bytes, 64);
        LargePages.Ask(address, bytes);
    }

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
                if (candidate.size >= bytes && candidate.size / 2 <= bytes && (best is null || candidate.size < best.size))
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
        return best;
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

        if (surplus is not null)
        {
            NativeMemory.AlignedFree((void*)surplus.address);
        }
    }

    // Sizes in steps of an eighth, so that sequences of slightly different length share buffers.
    private static nuint Rounded(nuint bytes)
    {
        var step = nuint.Max(4096, (nuint)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)bytes) / 16);
        return (bytes + step - 1) / step * step;
    }
}

/// <summary>
/// Asks the system to fill fresh memory 2 MB at a time. The C library takes what is above 32 MB from the system anew for each
/// array, and a first touch of every 4 kB of it took an eighth of an LSTM's training step at 64x256x128x512 on a virtual machine.
/// </summary>
internal static class LargePages
{
    private const nuint LeastBytes = 4 << 20;
    private const nint Page = 4096;

    /// <summary>Asks it for the whole pages of an array that nothing was written to yet; small arrays, and other systems, stay as they are.</summary>
    public static void Ask(nint address, nuint bytes)
    {
        if (bytes < LeastBytes || !OperatingSystem.IsLinux())
        {
            return;
        }

        var start = (address + Page - 1) & -Page;
        _ = Advise(start, (nuint)(address - start + (nint)bytes), 14 /* MADV_HUGEPAGE */); // where the system has none, nothing is lost
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint bytes, int advice);
}

/// <summary>Memory from the pool in pieces, zero, each on a cache line of its own, until it is disposed.</summary>
internal sealed unsafe class PooledMemory : IDisposable
{
    private const nint BlockBytes = 1 << 20;
    private readonly List<NativeBuffer> _blocks = [];
    private nint _free;
    private nint _end;

    /// <param name="bytes">How many; whole cache lines.</param>
    public nint Take(nint bytes)
    {
        if (_end - _free < bytes)
        {
            var size = nint.Max(bytes, BlockBytes);
            _blocks.Add(NativeBuffer.Rent((nuint)size));
            (_free, _end) = ((nint)_blocks[^1].Pointer, (nint)_blocks[^1].Pointer + size);
            NativeMemory.Clear((void*)_free, (nuint)size);
        }

        _free += bytes;
        return _free - bytes;
    }

    public void Dispose() => _blocks.ForEach(block => block.Dispose());
}

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
