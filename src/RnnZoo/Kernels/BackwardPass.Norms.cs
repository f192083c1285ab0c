using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <content>
/// The norms of the steps' gradients; and that of each step's own term of ∂L/∂W_hh, dq_t' h_{t-1} summed over the batch
/// (its share). Over few rows a share is found without the product, for ‖dq' h‖² = Σ_bb' (dq_b · dq_b') (h_b · h_b').
/// </content>
internal sealed unsafe partial class BackwardPass<C, S, V, T>
{
    private const int NormKinds = 4;
    private const int HiddenInFull = 0, HiddenFromFuture = 1, CellInFull = 2, CellFromFuture = 3;

    private static bool HasCell => C.CellStateSlot >= 0;

    // Where one part's norms of a step go; null if nobody asks.
    private double* NormsOf(int part, int s) => a.WantsNorms ? memory.Norms + (((nint)part * shape.Steps) + shape.Time(s)) * NormKinds : null;

    private double NormOf(T* state, int rows) => VectorNorm<S, V, T>.Of(state, plan.StateStride, rows, plan.PaddedHidden);

    private void MeasureFuture(double* norms, in BackwardStep<T> step)
    {
        norms[HiddenFromFuture] = NormOf(step.DH, step.Rows);
        norms[CellFromFuture] = HasCell ? NormOf(step.DC, step.Rows) : 0;
    }

    private void MeasureHidden(double* norms, in BackwardStep<T> step) =>
        norms[HiddenInFull] = a.DOutput == null && a.Change is null ? norms[HiddenFromFuture] : NormOf(step.DH, step.Rows);

    private void MeasureCell(double* norms, in BackwardStep<T> step) => norms[CellInFull] = HasCell ? NormOf(step.DCTotal, step.Rows) : 0;

    // The norms of the whole batch, from those of its parts.
    private void JoinNorms()
    {
        Join(a.NormDH, HiddenInFull);
        Join(a.NormDHFromFuture, HiddenFromFuture);
        Join(a.NormDC, CellInFull);
        Join(a.NormDCFromFuture, CellFromFuture);
    }

    private void Join(double* target, int kind)
    {
        for (var t = 0; target != null && t < shape.Steps; t++)
        {
            var norm = 0.0;
            for (var part = 0; part < plan.RowParts; part++)
            {
                norm = double.Hypot(norm, memory.Norms[((((nint)part * shape.Steps) + t) * NormKinds) + kind]);
            }

            target[t] = norm;
        }
    }

    // Whether two products of B × B cost less than one of G·H × H; the smaller ones run at half the speed and are symmetric.
    private bool ByRows => shape.Batch * (double)(Depth + plan.PaddedHidden) < (double)Depth * plan.PaddedHidden;

    private nint Depth => C.Gates * plan.PaddedHidden;

    // The shares of one part of the steps.
    private void RunShares(int part)
    {
        var own = memory.Shares(part, shape, plan);
        var rows = (nint)(shape.Batch + ShareMemory<T>.RowsAtOnce - 1) / ShareMemory<T>.RowsAtOnce * ShareMemory<T>.RowsAtOnce;
        RowBlock<S, V, T>.Clear(own.DQ, rows * (Depth + plan.PaddedHidden)); // and own.H, which follows it
        var end = Partition.Start(shape.Steps, part + 1, threads);
        for (var s = Partition.Start(shape.Steps, part, threads); s < end; s++)
        {
            if (shape.Sizes is not null)
            {
                RowBlock<S, V, T>.Clear(own.DQ, rows * (Depth + plan.PaddedHidden)); // the step before may have had more rows
            }

            a.NormDWeightHh[shape.Time(s)] = Share(own, s);
        }
    }

    private double Share(in ShareMemory<T> own, int s)
    {
        var rows = shape.Rows(s, 0, shape.Batch);
        CopyHidden(own.H, plan.PaddedHidden, s - 1, 0, rows);
        var normH = VectorNorm<S, V, T>.Of(own.H, plan.PaddedHidden, rows, plan.PaddedHidden);
        var normDQ = 0.0;
        for (var part = 0; part < plan.RowParts; part++)
        {
            normDQ = double.Hypot(normDQ, VectorNorm<S, V, T>.Of(ColumnGradients(part, s, out var count), plan.DRowsStride, count, Depth));
        }

        if (normH == 0 || normDQ == 0 || !double.IsFinite(normH * normDQ))
        {
            return normH * normDQ;
        }

        // Both are brought near 1 by powers of two, so that no product of small gradients is lost.
        var (exponentH, exponentDQ) = (Exponent(normH), Exponent(normDQ));
        StepShare<S, V, T>.Scale(own.H, rows * plan.PaddedHidden, Math.ScaleB(1, -exponentH));
        GatherColumnGradients(own, s, rows, Math.ScaleB(1, -exponentDQ));
        var norm = ByRows
            ? StepShare<S, V, T>.ByRows(own, rows, Depth, plan.PaddedHidden)
            : StepShare<S, V, T>.ByProduct(own, rows, shape.Hidden, (int)(Depth / S.Lanes), plan.PaddedHidden, memory.Zero);
        return Math.ScaleB(norm, exponentH + exponentDQ);
    }

    // dq_t of one part's rows.
    private T* ColumnGradients(int part, int s, out int count)
    {
        var starts = plan.Starts[part];
        count = (int)(starts[s + 1] - starts[s]);
        return memory.Part(part, plan).DRows + (starts[s] * plan.DRowsStride) + (C.FirstHiddenColumn * plan.PaddedHidden);
    }

    private void GatherColumnGradients(in ShareMemory<T> own, int s, int rows, double factor)
    {
        var rowStride = ByRows ? Depth : S.Lanes;
        var vectorStride = ByRows ? S.Lanes : (nint)rows * S.Lanes;
        var target = own.DQ;
        for (var part = 0; part < plan.RowParts; part++)
        {
            var source = ColumnGradients(part, s, out var count);
            StepShare<S, V, T>.Gather(target, rowStride, vectorStride, source, plan.DRowsStride, count, Depth, factor);
            target += count * rowStride;
        }
    }

    // The factors must be numbers that T has.
    private static int Exponent(double norm) => Math.Clamp(Math.ILogB(norm), typeof(T) == typeof(float) ? -126 : -1022, typeof(T) == typeof(float) ? 126 : 1022);
}

/// <summary>‖dq' h‖ for a few or many rows b, over which the product is summed.</summary>
internal static unsafe class StepShare<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    private const int TileRows = 2, TileColumns = ShareMemory<T>.RowsAtOnce;

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

/// <summary>What one part works in to find the norms of the steps' own terms of ∂L/∂W_hh.</summary>
internal readonly unsafe struct ShareMemory<T>
    where T : unmanaged
{
    /// <summary>Rows are taken four at a time; those that are missing are zero.</summary>
    public const int RowsAtOnce = 4;

    public ShareMemory(T* start, in LayerShape shape, in BackwardPlan<T> plan)
    {
        var rows = Rows(shape);
        DQ = start;
        H = start + (rows * shape.Gates * plan.PaddedHidden);
        Product = H + (rows * plan.PaddedHidden);
    }

    /// <summary>dq_t, as rows [B padded, G·H padded] or as panels [vector][B, lanes].</summary>
    public T* DQ { get; }

    /// <summary>h_{t-1} [B padded, H padded].</summary>
    public T* H { get; }

    /// <summary>[H, 2 lanes] columns of the product.</summary>
    public T* Product { get; }

    public static nint Elements(in LayerShape shape, in BackwardPlan<T> plan, int lanes) =>
        Stride.Padded<T>((Rows(shape) * (shape.Gates + 1) * plan.PaddedHidden) + ((nint)shape.Hidden * 2 * lanes));

    private static nint Rows(in LayerShape shape) => ((nint)shape.Batch + RowsAtOnce - 1) / RowsAtOnce * RowsAtOnce;
}

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
