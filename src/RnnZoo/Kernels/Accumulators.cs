namespace RnnZoo.Kernels;

/// <summary>
/// The running sums of one weight matrix' gradient, one set per part of the work, so that parts never meet:
/// [part][gate, unit block][features, lanes]. A feature is an element of x_t or h_{t-1}, or the constant 1 (for the bias).
/// </summary>
internal unsafe struct Accumulators<T>
    where T : unmanaged
{
    public T* Start;
    public nint PartStride;
    public int Parts;
    public int Features;
}
