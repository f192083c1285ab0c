using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Token ids [T, B], or packed [N], (int64) as input: each stands for the one-hot vector [I] with a one at its place.</summary>
internal static class TokenInput
{
    public static bool Is(Tensor input) => input.dtype == ScalarType.Int64 && input.Dimensions is 1 or 2;

    /// <exception cref="ArgumentException">These are whole numbers of another type.</exception>
    public static void CheckType(Tensor input)
    {
        if (input.dtype is ScalarType.Int32 or ScalarType.Int16 or ScalarType.Byte or ScalarType.Int8)
        {
            throw new ArgumentException($"input: expected features, or token ids of dtype Int64, got {Check.Show(input.shape)} of dtype {input.dtype}; convert ids with .to(ScalarType.Int64).");
        }
    }

    /// <exception cref="ArgumentException">An id is not from 0 to <paramref name="classes"/> − 1: that ends the process in some native kernels.</exception>
    public static void CheckRange(Tensor tokens, long classes)
    {
        using var scope = NewDisposeScope();
        if (tokens.device_type == TorchSharp.DeviceType.CPU && tokens.is_contiguous() ? InRange(tokens, classes) : tokens.numel() == 0)
        {
            return;
        }

        var (lowest, highest) = (tokens.min().item<long>(), tokens.max().item<long>());
        if (lowest < 0 || highest >= classes)
        {
            throw new ArgumentException($"input: expected token ids from 0 to {classes - 1}, got values from {lowest} to {highest}.");
        }
    }

    /// <returns>[T, B, I] or [N, I] of the given element type.</returns>
    public static Tensor OneHot(Tensor tokens, long classes, ScalarType dtype) => nn.functional.one_hot(tokens, classes).to(dtype);

    private static unsafe bool InRange(Tensor tokens, long classes)
    {
        var id = (long*)TensorMemory.Address(tokens);
        for (var (place, count) = (0L, tokens.numel()); place < count; place++)
        {
            if ((ulong)id[place] >= (ulong)classes)
            {
                return false;
            }
        }

        GC.KeepAlive(tokens);
        return true;
    }
}
