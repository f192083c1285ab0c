namespace RnnZoo.Kernels;

/// <content>The norms of the steps' gradients.</content>
internal sealed unsafe partial class BackwardPass<C, S, V, T>
{
    private const int Kinds = 4;
    private const int HiddenInFull = 0, HiddenFromFuture = 1, CellInFull = 2, CellFromFuture = 3;

    private static bool HasCell => C.CellStateSlot >= 0;

    // Where one part's norms of a step go; null if nobody asks.
    private double* NormsOf(int part, int s) => a.WantsNorms ? memory.Norms + (((nint)part * shape.Steps) + shape.Time(s)) * Kinds : null;

    private double NormOf(T* state, int rows) => VectorNorm<S, V, T>.Of(state, plan.StateStride, rows, plan.PaddedHidden);

    private void MeasureFuture(double* norms, in BackwardStep<T> step)
    {
        norms[HiddenFromFuture] = NormOf(step.DH, step.Rows);
        norms[CellFromFuture] = HasCell ? NormOf(step.DC, step.Rows) : 0;
    }

    private void MeasureHidden(double* norms, in BackwardStep<T> step) =>
        norms[HiddenInFull] = a.DOutput == null ? norms[HiddenFromFuture] : NormOf(step.DH, step.Rows);

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
                norm = double.Hypot(norm, memory.Norms[((((nint)part * shape.Steps) + t) * Kinds) + kind]);
            }

            target[t] = norm;
        }
    }
}
