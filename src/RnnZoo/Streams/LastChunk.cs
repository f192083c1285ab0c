namespace RnnZoo.Streams;

/// <summary>What becomes of the steps at a stream's end that do not fill a chunk.</summary>
public enum LastChunk
{
    /// <summary>They are a shorter chunk.</summary>
    Keep,

    /// <summary>They are filled up to a whole chunk: inputs with 0, class targets with -100, which cross_entropy leaves out,
    /// other targets with 0; <see cref="Chunk.Mask"/> tells which steps are real.</summary>
    Pad,

    /// <summary>They are left out.</summary>
    Drop,
}
