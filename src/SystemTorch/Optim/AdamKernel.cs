using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>
/// Adam's update in one pass over dense float32 or float64 CPU memory, on the calling thread: the operators of libtorch need
/// eight passes, each with the overhead of a call and, above 32,000 elements, of waking other threads.
/// </summary>
internal static class AdamKernel
{
    /// <summary>The numbers of one step: exp_avg ← β1·exp_avg + (1 − β1)·g, and so on.</summary>
    internal readonly record struct Step(double Beta1, double Beta2, double Epsilon, double Size, double Correction2);

    /// <summary>Whether the pass can read these tensors.</summary>
    public static bool Reads(params ReadOnlySpan<Tensor> tensors)
    {
        ScalarType type = tensors[0].dtype;
        foreach (Tensor tensor in tensors)
        {
            if (tensor.device_type != DeviceType.CPU || tensor.dtype != type || type is not (ScalarType.Float32 or ScalarType.Float64) || tensor.is_sparse
                || !tensor.is_contiguous() || tensor.numel() is 0 or > int.MaxValue / sizeof(double) || tensor.numel() != tensors[0].numel())
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Updates a parameter and its two moments.</summary>
    public static void Run(Tensor parameter, Tensor gradient, Tensor mean, Tensor square, in Step step)
    {
        if (parameter.dtype == ScalarType.Float32)
        {
            Run(Elements<float>(parameter), Elements<float>(gradient), Elements<float>(mean), Elements<float>(square), step);
        }
        else
        {
            Run(Elements<double>(parameter), Elements<double>(gradient), Elements<double>(mean), Elements<double>(square), step);
        }

        // The memory was written past autograd, which has to see the change.
        using Tensor flat = parameter.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        first.mul_(1);
        GC.KeepAlive(gradient);
        GC.KeepAlive(mean);
        GC.KeepAlive(square);
    }

    private static Span<T> Elements<T>(Tensor tensor)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.bytes);

    private static void Run<T>(Span<T> parameter, Span<T> gradient, Span<T> mean, Span<T> square, in Step step)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        (T beta1, T rest1) = (T.CreateTruncating(step.Beta1), T.CreateTruncating(1 - step.Beta1));
        (T beta2, T rest2) = (T.CreateTruncating(step.Beta2), T.CreateTruncating(1 - step.Beta2));
        (T epsilon, T size, T correction) = (T.CreateTruncating(step.Epsilon), T.CreateTruncating(step.Size), T.CreateTruncating(step.Correction2));
        int whole = parameter.Length - (parameter.Length % Vector<T>.Count);
        for (int i = 0; i < whole; i += Vector<T>.Count)
        {
            var g = new Vector<T>(gradient[i..]);
            Vector<T> m = (new Vector<T>(mean[i..]) * beta1) + (g * rest1);
            Vector<T> v = (new Vector<T>(square[i..]) * beta2) + (g * g * rest2);
            m.CopyTo(mean[i..]);
            v.CopyTo(square[i..]);
            Vector<T> denominator = (Vector.SquareRoot(v) / new Vector<T>(correction)) + new Vector<T>(epsilon);
            (new Vector<T>(parameter[i..]) - (m * size / denominator)).CopyTo(parameter[i..]);
        }

        for (int i = whole; i < parameter.Length; i++)
        {
            T g = gradient[i];
            mean[i] = (mean[i] * beta1) + (g * rest1);
            square[i] = (square[i] * beta2) + (g * g * rest2);
            parameter[i] -= mean[i] * size / ((T.Sqrt(square[i]) / correction) + epsilon);
        }
    }
}
