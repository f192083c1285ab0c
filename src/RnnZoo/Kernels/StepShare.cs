using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>‖dq' h‖ for a few or many rows b, over which the product is summed.</summary>
internal static unsafe class StepShare<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    private const int TileRows = 2, TileColumns = ShareMemory<T>.RowBlock;

    /// <summary>Multiplies <paramref name="count"/> elements, whole vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(T* values, nint count, double factor)
    {
        var scale = S.Constant(factor);
        for (nint i = 0; i < count; i += S.Lanes)
        {
            S.Store(values + i, S.Multiply(S.Load(values + i), scale));
        }
    }

    /// <summary>target[row·rowStride + vector·vectorStride] = factor · source, vector by vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(T* target, nint rowStride, nint vectorStride, T* source, nint sourceStride, int rows, nint count, double factor)
    {
        var scale = S.Constant(factor);
        for (var row = 0; row < rows; row++)
        {
            var to = target + (row * rowStride);
            var from = source + (row * sourceStride);
            for (nint i = 0; i < count; i += S.Lanes)
            {
                S.Store(to, S.Multiply(S.Load(from + i), scale));
                to += vectorStride;
            }
        }
    }

    /// <summary>√ Σ_bb' (dq_b · dq_b') (h_b · h_b'): the pairs with b' above b count twice.</summary>
    /// <param name="memory">dq and h as rows, zero beyond the last.</param>
    /// <param name="rows">B.</param>
    /// <param name="depth">Elements of a row of dq.</param>
    /// <param name="hidden">Elements of a row of h.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double ByRows(in ShareMemory<T> memory, int rows, nint depth, nint hidden)
    {
        var gradients = stackalloc double[TileRows * TileColumns];
        var states = stackalloc double[TileRows * TileColumns];
        var sum = 0.0;
        for (var column = 0; column < rows; column += TileColumns)
        {
            for (var row = 0; row < column + TileColumns; row += TileRows)
            {
                Dots(memory.DQ + (row * depth), memory.DQ + (column * depth), depth, gradients);
                Dots(memory.H + (row * hidden), memory.H + (column * hidden), hidden, states);
                for (var pair = 0; pair < TileRows * TileColumns; pair++)
                {
                    var (b, other) = (row + (pair / TileColumns), column + (pair % TileColumns));
                    sum += (other > b ? 2 : other == b ? 1 : 0) * gradients[pair] * states[pair];
                }
            }
        }

        return Math.Sqrt(Math.Max(sum, 0)); // rounding may leave a sum of squares below zero
    }

    /// <summary>The norm of the product itself, two vectors of columns at a time.</summary>
    /// <param name="memory">dq as panels, h as rows.</param>
    /// <param name="rows">B.</param>
    /// <param name="hidden">H.</param>
    /// <param name="vectors">Vectors in a row of dq.</param>
    /// <param name="hiddenStride">From one row of h to the next.</param>
    /// <param name="zero">One vector of zeros.</param>
    public static double ByProduct(in ShareMemory<T> memory, int rows, int hidden, int vectors, nint hiddenStride, T* zero)
    {
        var norm = 0.0;
        for (var vector = 0; vector < vectors; vector += 2)
        {
            var count = Math.Min(2, vectors - vector);
            Gemm<S, V, T>.Run(new GemmArguments<T>
            {
                A = memory.H,
                AStride = 1,
                AStep = hiddenStride,
                Rows = hidden,
                Depth = rows,
                B = memory.DQ + ((nint)vector * rows * S.Lanes),
                BStride = (nint)rows * S.Lanes,
                BStep = S.Lanes,
                Vectors = count,
                Init = zero,
                C = memory.Product,
                CStride = 2 * S.Lanes,
                CVectorStride = S.Lanes,
            });
            norm = double.Hypot(norm, VectorNorm<S, V, T>.Of(memory.Product, 2 * S.Lanes, hidden, count * S.Lanes));
        }

        return norm;
    }

    // dots[i, j] = a_i · b_j for two rows a and four rows b that follow each other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots(T* a, T* b, nint count, double* dots)
    {
        var (s00, s01, s02, s03) = (S.Zero, S.Zero, S.Zero, S.Zero);
        var (s10, s11, s12, s13) = (S.Zero, S.Zero, S.Zero, S.Zero);
        for (nint i = 0; i < count; i += S.Lanes)
        {
            var (a0, a1) = (S.Load(a + i), S.Load(a + count + i));
            var b0 = S.Load(b + i);
            (s00, s10) = (S.MultiplyAdd(a0, b0, s00), S.MultiplyAdd(a1, b0, s10));
            var b1 = S.Load(b + count + i);
            (s01, s11) = (S.MultiplyAdd(a0, b1, s01), S.MultiplyAdd(a1, b1, s11));
            var b2 = S.Load(b + (2 * count) + i);
            (s02, s12) = (S.MultiplyAdd(a0, b2, s02), S.MultiplyAdd(a1, b2, s12));
            var b3 = S.Load(b + (3 * count) + i);
            (s03, s13) = (S.MultiplyAdd(a0, b3, s03), S.MultiplyAdd(a1, b3, s13));
        }

        (dots[0], dots[1], dots[2], dots[3]) = (S.Sum(s00), S.Sum(s01), S.Sum(s02), S.Sum(s03));
        (dots[4], dots[5], dots[6], dots[7]) = (S.Sum(s10), S.Sum(s11), S.Sum(s12), S.Sum(s13));
    }
}
