using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// B sequences of T steps side by side, that a <see cref="TruncatedBpttLoader"/> walks through in chunks. Derive from it to
/// make or read data chunk by chunk.
/// </summary>
public abstract class StreamSource
{
    /// <summary>B: how many sequences.</summary>
    public abstract long Streams { get; }

    /// <summary>T: how many steps each has.</summary>
    public abstract long Steps { get; }

    /// <summary>The inputs and targets of steps that follow each other.</summary>
    /// <param name="start">The first step, from 0.</param>
    /// <param name="count">How many steps; they lie within T.</param>
    /// <returns>New tensors or views that belong to the innermost dispose scope, each [count, B, …].</returns>
    public abstract StreamSlice Read(long start, long count);

    /// <summary>
    /// Where a document starts, so that nothing of the steps before may be remembered: adds every pair of step and stream,
    /// by ascending step, from the step <paramref name="start"/> on, which may be one itself. Step 0 need not be given:
    /// every stream starts there.
    /// </summary>
    /// <param name="start">The first step to look at.</param>
    /// <param name="count">How many steps.</param>
    /// <param name="found">Takes the pairs.</param>
    public virtual void FindDocumentStarts(long start, long count, List<DocumentStart> found)
    {
    }

    private protected void CheckRange(long start, long count)
    {
        if (start < 0 || count < 1 || start > Steps - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), start, $"start: expected a range within the streams' {Steps} steps, got {count} from step {start}.");
        }
    }
}

/// <summary>Some steps of all streams.</summary>
/// <param name="Input">[k, B, …]: what the model reads; token ids are int64 [k, B].</param>
/// <param name="Target">[k, B, …]: what it should give at each step.</param>
public readonly record struct StreamSlice(Tensor Input, Tensor Target);

/// <summary>A place where a document starts.</summary>
/// <param name="Step">The step whose input is the document's first.</param>
/// <param name="Stream">The row of the batch.</param>
public readonly record struct DocumentStart(long Step, int Stream);
