using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>L2 norms in double that neither overflow nor underflow on the way.</summary>
internal static unsafe class VectorNorm<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    // Sums of squares outside these bounds have lost digits, or all, to the ends of double's range; floats never do.
    private const double SmallestSum = 1e-280;
    private const double LargestSum = 1e280;

    /// <summary>The norm of all elements of some rows; NaN if one is NaN.</summary>
    /// <param name="source">The first row.</param>
    /// <param name="stride">From one row to the next.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="count">Elements of a row, whole vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Of(T* source, nint stride, int rows, nint count)
    {
        var (low, high) = (S.Zero, S.Zero);
        var next = source;
        for (var row = 0; row < rows; row++, next += stride)
        {
            for (nint i = 0; i < count; i += S.Lanes)
            {
                var x = S.Load(next + i);
                low = S.AddLowSquares(low, x);
                high = S.AddHighSquares(high, x);
            }
        }

        var sum = S.SumOfDoubles(low) + (typeof(T) == typeof(float) ? S.SumOfDoubles(high) : 0);
        return typeof(T) == typeof(float) || sum is > SmallestSum and < LargestSum || double.IsNaN(sum)
            ? Math.Sqrt(sum)
            : Scaled((double*)source, stride, rows, count);
    }

    private static double Scaled(double* source, nint stride, int rows, nint count)
    {
        var largest = 0.0;
        for (var row = 0; row < rows; row++)
        {
            for (nint i = 0; i < count; i++)
            {
                largest = Math.Max(largest, Math.Abs(source[(row * stride) + i]));
            }
        }

        var sum = 0.0;
        for (var row = 0; largest > 0 && double.IsFinite(largest) && row < rows; row++)
        {
            for (nint i = 0; i < count; i++)
            {
                var x = source[(row * stride) + i] / largest;
                sum += x * x;
            }
        }

        return double.IsFinite(largest) ? largest * Math.Sqrt(sum) : largest;
    }
}
