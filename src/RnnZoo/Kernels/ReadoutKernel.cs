using System.Numerics;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// A linear readout and the mean cross-entropy of its logits, with all gradients in the same pass, for float and double.
/// Results depend on the arguments, the vector width and the number of threads alone.
/// </summary>
internal static class ReadoutKernel
{
    /// <summary>Finds the mean loss over the rows whose targets count, in nats (NaN if there are none), and its gradients.</summary>
    /// <param name="arguments">Where it is read and written.</param>
    /// <param name="threads">Threads to use at most, the caller's included.</param>
    /// <param name="width">Vector width; the machine's own by default.</param>
    public static double Run<T>(in ReadoutArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(arguments.Rows, 1);
        return (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => ReadoutPass<Simd512<T>, Vector512<T>, T>.Run(arguments, threads),
            VectorWidth.Bits256 => ReadoutPass<Simd256<T>, Vector256<T>, T>.Run(arguments, threads),
            _ => ReadoutPass<Simd128<T>, Vector128<T>, T>.Run(arguments, threads),
        };
    }
}
