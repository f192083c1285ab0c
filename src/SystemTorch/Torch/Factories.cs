using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>zeros, ones, empty: an operator of (size, dtype, layout, device, pin_memory).</summary>
    private static Tensor Make(string op, long[] size, ScalarType? dtype, Device? device, bool requires_grad, string[]? names)
    {
        RefuseNames(names);
        device = InitializeDevice(device);
        var type = dtype ?? get_default_dtype();
        return Tracked(op == "empty" && device.type == DeviceType.CPU ? Unset(size, type) : Op.Tensor(op == "empty" ? "empty.memory_format" : op, size, type, Arg.None, device), requires_grad);
    }

    /// <summary>A CPU tensor whose values nobody has set; not boxed, for every step of a training asks for many.</summary>
    private static unsafe Tensor Unset(long[] size, ScalarType dtype)
    {
        fixed (long* sizes = size)
        {
            Status.Check(NativeMethods.st_tensor_from_memory(null, sizes, size.Length, (sbyte)dtype, out var handle));
            return new Tensor(handle);
        }
    }

    /// <summary>rand, randn.</summary>
    private static Tensor Draw(string op, long[] size, ScalarType? dtype, Device? device, bool requires_grad, Generator? generator, string[]? names)
    {
        RefuseNames(names);
        return Tracked(
            Op.Tensor(op + ".generator", size, generator, dtype ?? get_default_dtype(), Arg.None, InitializeDevice(device)),
            requires_grad);
    }

    private static Tensor Fill(long[] size, Scalar value, ScalarType? dtype, Device? device, bool requires_grad, string[]? names)
    {
        RefuseNames(names);
        dtype ??= is_integral(value.Type) ? ScalarType.Int64 : get_default_dtype();
        return Tracked(Op.Tensor("full", size, value, dtype, Arg.None, InitializeDevice(device)), requires_grad);
    }

    internal static Tensor Tracked(Tensor tensor, bool requires_grad)
    {
        if (requires_grad)
        {
            tensor.requires_grad = true;
        }
        return tensor;
    }

    internal static void RefuseNames(string[]? names)
    {
        if (names is { Length: > 0 })
        {
            throw new NotSupportedException("names: SystemTorch has no named dimensions; leave them out");
        }
    }

    /// <summary>A tensor with a copy of the data, converted where another dtype is asked for.</summary>
    private static unsafe Tensor FromSpan<T>(ReadOnlySpan<T> data, ReadOnlySpan<long> shape, ScalarType own, ScalarType? dtype, Device? device, bool requires_grad, string[]? names = null)
        where T : unmanaged
    {
        RefuseNames(names);
        device = InitializeDevice(device);
        var count = 1L;
        foreach (var length in shape)
        {
            count *= length;
        }
        if (count != data.Length)
        {
            throw new ArgumentException($"rawArray: expected {count} values for shape [{string.Join(", ", shape.ToArray())}], got {data.Length}");
        }
        nint handle;
        fixed (T* source = data)
        fixed (long* sizes = shape)
        {
            Status.Check(NativeMethods.st_tensor_from_memory(source, sizes, shape.Length, (sbyte)own, out handle));
        }
        var tensor = new Tensor(handle);
        if ((dtype ?? own) != own || device.type != DeviceType.CPU)
        {
            tensor = tensor.to(dtype ?? own, device, disposeAfter: true);
        }
        return Tracked(tensor, requires_grad);
    }

    private static Span<T> Flat<T>(Array array)
        where T : unmanaged =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);

    private static long[] Lengths(Array array)
    {
        var lengths = new long[array.Rank];
        for (var i = 0; i < lengths.Length; i++)
        {
            lengths[i] = array.GetLongLength(i);
        }
        return lengths;
    }
}
