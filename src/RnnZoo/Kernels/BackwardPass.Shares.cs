namespace RnnZoo.Kernels;

/// <content>
/// The norm of each step's own term of ∂L/∂W_hh, dq_t' h_{t-1} summed over the batch. Over few rows it is found without the
/// product, for ‖dq' h‖² = Σ_bb' (dq_b · dq_b') (h_b · h_b').
/// </content>
internal sealed unsafe partial class BackwardPass<C, S, V, T>
{
    // Whether two products of B × B cost less than one of G·H × H; the smaller ones run at half the speed and are symmetric.
    private bool ByRows => shape.Batch * (double)(Depth + plan.PaddedHidden) < (double)Depth * plan.PaddedHidden;

    private nint Depth => C.Gates * plan.PaddedHidden;

    // The shares of one part of the steps.
    private void RunShares(int part)
    {
        var own = memory.Shares(part, shape, plan);
        var rows = (nint)(shape.Batch + ShareMemory<T>.RowBlock - 1) / ShareMemory<T>.RowBlock * ShareMemory<T>.RowBlock;
        RowBlock<S, V, T>.Clear(own.DQ, rows * Depth);
        RowBlock<S, V, T>.Clear(own.H, rows * plan.PaddedHidden);
        var end = Partition.Start(shape.Steps, part + 1, threads);
        for (var s = Partition.Start(shape.Steps, part, threads); s < end; s++)
        {
            a.NormDWeightHh[shape.Time(s)] = Share(own, s);
        }
    }

    private double Share(in ShareMemory<T> own, int s)
    {
        var source = Hidden(s - 1, 0, out var stride);
        if (source == null)
        {
            return 0;
        }

        RowBlock<S, V, T>.Copy(own.H, plan.PaddedHidden, source, stride, shape.Batch, shape.Hidden);
        var normH = VectorNorm<S, V, T>.Of(own.H, plan.PaddedHidden, shape.Batch, plan.PaddedHidden);
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
        StepShare<S, V, T>.Scale(own.H, (nint)shape.Batch * plan.PaddedHidden, Math.ScaleB(1, -exponentH));
        GatherColumnGradients(own, s, Math.ScaleB(1, -exponentDQ));
        var norm = ByRows
            ? StepShare<S, V, T>.ByRows(own, shape.Batch, Depth, plan.PaddedHidden)
            : StepShare<S, V, T>.ByProduct(own, shape.Batch, shape.Hidden, (int)(Depth / S.Lanes), plan.PaddedHidden, memory.Zero);
        return Math.ScaleB(norm, exponentH + exponentDQ);
    }

    // dq_t of one part's rows.
    private T* ColumnGradients(int part, int s, out int count)
    {
        var first = Partition.Start(shape.Batch, part, plan.RowParts);
        count = Partition.Start(shape.Batch, part + 1, plan.RowParts) - first;
        var row = plan.WholeSequence ? ((nint)s * shape.Batch) + first : (nint)s * count;
        return memory.Part(part, plan).DRows + (row * plan.DRowsStride) + (C.FirstHiddenColumn * plan.PaddedHidden);
    }

    private void GatherColumnGradients(in ShareMemory<T> own, int s, double factor)
    {
        var rowStride = ByRows ? Depth : S.Lanes;
        var vectorStride = ByRows ? S.Lanes : (nint)shape.Batch * S.Lanes;
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
