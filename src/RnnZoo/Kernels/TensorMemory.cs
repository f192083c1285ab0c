using static TorchSharp.torch;

namespace RnnZoo.Kernels;

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

    /// <summary>The address of a sequence [T, B, N] that lies in memory by step or by sequence of the batch, or of packed rows; others are copied.</summary>
    /// <param name="sequence">[T, B, N] or [rows, N], or null for none.</param>
    /// <param name="stepStride">Elements from one step to the next.</param>
    /// <param name="batchStride">Elements from one sequence of the batch to the next.</param>
    public T* Sequence(Tensor? sequence, out nint stepStride, out nint batchStride)
    {
        (stepStride, batchStride) = (0, 0);
        if (sequence is null)
        {
            return null;
        }

        if (sequence.Dimensions == 2)
        {
            batchStride = (nint)sequence.size(1);
            return Dense(sequence);
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
internal static unsafe class TensorMemory
{
    // Tensor.bytes shows 2 GB at the most; storage<T>() shows all, but makes two objects and a tensor for it.
    private const long MostShown = int.MaxValue / sizeof(double);

    /// <summary>Whether the kernels can read a tensor: float32 or float64 in the CPU's memory.</summary>
    public static bool Reads(Tensor tensor) =>
        tensor.device_type == TorchSharp.DeviceType.CPU && tensor.dtype is ScalarType.Float32 or ScalarType.Float64;

    /// <summary>A tensor to be written, of the element type and on the device of another.</summary>
    public static Tensor Fresh(long[] shape, Tensor like) => Fresh(shape, like.dtype, like.device);

    /// <summary>A tensor to be written.</summary>
    public static Tensor Fresh(long[] shape, ScalarType dtype, Device device)
    {
        var fresh = empty(shape, dtype: dtype, device: device);
        if (Reads(fresh))
        {
            LargePages.Ask(Address(fresh), (nuint)(fresh.numel() * fresh.ElementSize));
        }

        return fresh;
    }

    /// <summary>The address of a CPU tensor's first element; 0 for none.</summary>
    public static nint Address(Tensor? tensor)
    {
        if (tensor is null)
        {
            return 0;
        }

        if (tensor.dtype is ScalarType.Float32 or ScalarType.Float64 or ScalarType.Int64 && tensor.numel() <= MostShown && tensor.is_contiguous())
        {
            fixed (byte* first = tensor.bytes)
            {
                return (nint)first;
            }
        }

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

/// <summary>How many threads a kernel is worth.</summary>
internal static class ThreadChoice
{
    // About 100 µs of one core's arithmetic: less is done before a sleeping thread is awake, and has a core to itself.
    private const double FlopsPerThread = 1e7;

    // One core copies a byte while it could do so many flops.
    private const double FlopsPerByte = 10;

    /// <returns>At least 1, and at most torch.get_num_threads().</returns>
    public static int ForBytes(double copied) => For(FlopsPerByte * copied);

    /// <returns>At least 1, and at most torch.get_num_threads().</returns>
    public static int For(double flops) => (int)Math.Clamp(flops / FlopsPerThread, 1, get_num_threads());
}
