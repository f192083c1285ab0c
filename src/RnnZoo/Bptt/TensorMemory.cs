using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Addresses of CPU tensors' elements. They are good until <see cref="Release"/>, which keeps the tensors from being
/// collected until then; copies of tensors that are not contiguous belong to the caller's dispose scope.
/// </summary>
internal sealed unsafe class TensorMemory<T>
    where T : unmanaged
{
    private readonly List<Tensor> _used = [];

    /// <summary>The address of a dense row-major array; null for none.</summary>
    public T* Dense(Tensor? tensor)
    {
        if (tensor is null)
        {
            return null;
        }

        var dense = tensor.is_contiguous() ? tensor : tensor.contiguous();
        _used.Add(dense);
        return (T*)TensorMemory.Address(dense);
    }

    /// <summary>The address of a sequence [T, B, N] that lies in memory by step or by sequence of the batch; others are copied.</summary>
    /// <param name="sequence">[T, B, N], or null for none.</param>
    /// <param name="stepStride">Elements from one step to the next.</param>
    /// <param name="batchStride">Elements from one sequence of the batch to the next.</param>
    public T* Sequence(Tensor? sequence, out nint stepStride, out nint batchStride)
    {
        (stepStride, batchStride) = (0, 0);
        if (sequence is null)
        {
            return null;
        }

        var (steps, batch, size) = ((nint)sequence.size(0), (nint)sequence.size(1), (nint)sequence.size(2));
        if (!sequence.is_contiguous() && sequence.transpose(0, 1) is var batchFirst && batchFirst.is_contiguous())
        {
            (stepStride, batchStride) = (size, steps * size);
            return Dense(batchFirst); // [B, T, N]
        }

        (stepStride, batchStride) = (batch * size, size);
        return Dense(sequence);
    }

    /// <summary>Ends the use of the addresses.</summary>
    public void Release()
    {
        GC.KeepAlive(_used);
        _used.Clear();
    }
}

/// <summary>What can be addressed.</summary>
internal static class TensorMemory
{
    /// <summary>The address of a contiguous CPU tensor's first element.</summary>
    public static nint Address(Tensor tensor)
    {
        var start = tensor.dtype switch
        {
            ScalarType.Float32 => tensor.storage<float>().data_ptr(),
            ScalarType.Float64 => tensor.storage<double>().data_ptr(),
            ScalarType.Int64 => tensor.storage<long>().data_ptr(),
            _ => throw new NotSupportedException($"tensor: expected Float32, Float64 or Int64, got {tensor.dtype}."),
        };
        return start + (nint)(tensor.storage_offset() * tensor.ElementSize);
    }
}

/// <summary>
/// Asks Linux to back memory that a pass is about to fill with large pages, where the machine is set to grant them
/// (transparent_hugepage: madvise or always).
/// </summary>
/// <remarks>
/// malloc gives a block above 32 MiB back to the system when it is freed, so the tape of a long sequence is new memory in
/// every training step. In pages of 4 KiB its first touch took a quarter of a step of an LSTM over 1,000 steps.
/// </remarks>
internal static unsafe class LargePages
{
    /// <summary>Below this a few large pages are not worth a call into the system.</summary>
    public const long LeastBytes = 4 << 20;

    private const int UseLargePages = 14; // MADV_HUGEPAGE
    private static bool canAdvise = OperatingSystem.IsLinux();

    /// <summary>Gives the advice for a new tensor, if it is large and in the CPU's memory.</summary>
    /// <returns>The tensor.</returns>
    public static Tensor Advise(Tensor tensor)
    {
        if (canAdvise && tensor.numel() * tensor.ElementSize is >= LeastBytes and var bytes && tensor.device_type == TorchSharp.DeviceType.CPU)
        {
            Advise((void*)TensorMemory.Address(tensor), bytes);
        }

        return tensor;
    }

    /// <summary>Gives the advice for the whole pages of a block; what the memory holds stays as it is.</summary>
    public static void Advise(void* start, long bytes)
    {
        if (bytes < LeastBytes || !canAdvise)
        {
            return;
        }

        var page = (nuint)Environment.SystemPageSize;
        var first = ((nuint)start + page - 1) & ~(page - 1);
        var end = ((nuint)start + (nuint)bytes) & ~(page - 1);
        try
        {
            _ = Advise(first, end - first, UseLargePages); // only advice: a system that does not follow it is as fast as before
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            canAdvise = false;
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nuint start, nuint bytes, int advice);
}

/// <summary>How many threads a kernel is worth.</summary>
internal static class ThreadChoice
{
    // About 50 µs of one core's arithmetic: less is done before a sleeping thread is awake.
    private const double FlopsPerThread = 4e6;

    /// <param name="flops">Operations of the pass.</param>
    /// <returns>At least 1, and at most torch.get_num_threads().</returns>
    public static int For(double flops) => (int)Math.Clamp(flops / FlopsPerThread, 1, get_num_threads());
}
