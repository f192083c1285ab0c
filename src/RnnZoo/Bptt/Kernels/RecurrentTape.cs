namespace RnnZoo.Bptt.Kernels;

/// <summary>What a forward pass leaves for the backward pass. Dispose it when the backward pass is done, or is not to come.</summary>
internal sealed unsafe class RecurrentTape(LayerShape shape, VectorWidth width, Type element, NativeBuffer? records) : IDisposable
{
    public LayerShape Shape { get; } = shape;

    public VectorWidth Width { get; } = width;

    /// <summary>float or double.</summary>
    public Type Element { get; } = element;

    /// <summary>
    /// [T + 1, B, unit blocks, slots, lanes] by position in the walk; the first entry holds the initial cell state alone.
    /// Null where the output is tape enough.
    /// </summary>
    public void* Records => records is null ? null : records.Pointer;

    /// <summary>Bytes held.</summary>
    public long Bytes => (long)(records?.Bytes ?? 0);

    public void Dispose() => records?.Dispose();
}
