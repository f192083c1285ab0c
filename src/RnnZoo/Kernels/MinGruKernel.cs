using System.Numerics;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// The recurrence of the minGRU on raw CPU memory, where every entry of h is a recurrence of its own: one pass over memory
/// forward and one back. Element by element:
/// <code>
/// (1)  z = σ(a),   h = h' + z (g - h')                          h': the step before
/// (2)  dh = dOutput + dFuture
/// (3)  dg = dh z,   da = (dh g - dh h') (z - z z),   dFuture' = dh - dg
/// </code>
/// </summary>
internal static class MinGruKernel
{
    /// <summary>Finds z and h.</summary>
    public static void Forward<T>(in MinGruArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => Run(arguments, isForward: true, threads, width ?? VectorWidths.Best);

    /// <summary>Finds the gradients.</summary>
    public static void Backward<T>(in MinGruArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => Run(arguments, isForward: false, threads, width ?? VectorWidths.Best);

    private static void Run<T>(in MinGruArguments<T> arguments, bool isForward, int threads, VectorWidth width)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"element: expected Single or Double, got {typeof(T).Name}");
        }

        switch (width)
        {
            case VectorWidth.Bits512: MinGruPass<Simd512<T>, Vector512<T>, T>.Run(arguments, isForward, threads); break;
            case VectorWidth.Bits256: MinGruPass<Simd256<T>, Vector256<T>, T>.Run(arguments, isForward, threads); break;
            default: MinGruPass<Simd128<T>, Vector128<T>, T>.Run(arguments, isForward, threads); break;
        }
    }
}
