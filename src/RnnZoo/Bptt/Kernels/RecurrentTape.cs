namespace RnnZoo.Bptt.Kernels;

/// <summary>
/// What a forward pass leaves for the backward pass. One with memory of its own is to be disposed when the backward pass is
/// done, or is not to come; memory that the caller gave stays the caller's.
/// </summary>
internal sealed unsafe class RecurrentTape : IDisposable
{
    private readonly NativeBuffer? owned;
    private readonly void* borrowed;

    /// <summary>A tape with memory of its own, or with none.</summary>
    public RecurrentTape(LayerShape shape, VectorWidth width, Type element, NativeBuffer? records) =>
        (Shape, Width, Element, owned) = (shape, width, element, records);

    /// <summary>A tape in memory of the caller's, which stays in place while the tape is used.</summary>
    public RecurrentTape(LayerShape shape, VectorWidth width, Type element, void* records)
        : this(shape, width, element, (NativeBuffer?)null) => borrowed = records;

    public LayerShape Shape { get; }

    public VectorWidth Width { get; }

    /// <summary>float or double.</summary>
    public Type Element { get; }

    /// <summary>
    /// [T + 1, B, unit blocks, slots, lanes] by position in the walk; the first entry holds the initial cell state alone.
    /// Null where the output is tape enough.
    /// </summary>
    public void* Records => owned is null ? borrowed : owned.Pointer;

    /// <summary>Bytes of its own.</summary>
    public long Bytes => (long)(owned?.Bytes ?? 0);

    public void Dispose() => owned?.Dispose();
}
