namespace TorchSharp.Modules;

internal sealed record EmbeddingOptions(long? PaddingIndex, double? MaxNorm, double NormType, bool ScaleByFrequency, bool Sparse)
{
    /// <summary>With a padding index counted from the front.</summary>
    public EmbeddingOptions Normalized(long count)
    {
        if (PaddingIndex is not { } index)
        {
            return this;
        }

        if (index < -count || index >= count)
        {
            throw new ArgumentOutOfRangeException(
                "padding_idx", index, $"padding_idx: expected an index from {-count} to {count - 1} (the table has {count} rows), got {index}.");
        }

        return this with { PaddingIndex = index < 0 ? index + count : index };
    }
}
