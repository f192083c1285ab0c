using RnnZoo.Cells;

namespace RnnZoo.Streams;

/// <summary>How much memory <see cref="ExactBptt"/> may take, and how states start.</summary>
public sealed record ExactBpttOptions
{
    /// <summary>
    /// How many bytes the kept states and one segment's tape may take together. Null for about as little as can be, which
    /// grows with the square root of the stream's length. The more, the longer the segments; time hardly depends on it,
    /// until the whole stream fits and nothing is computed twice.
    /// </summary>
    public long? BudgetBytes { get; init; }

    /// <summary>The steps of a segment, in place of a budget.</summary>
    public long? SegmentLength { get; init; }

    /// <summary>
    /// What the tape of one step takes, in bytes, for the whole batch. For the models of this library null asks for an
    /// estimate; for other nets it must be given along with a budget.
    /// </summary>
    public long? BytesPerStep { get; init; }

    /// <summary>
    /// Makes the state for B streams that a stream or a document starts from. Gradients reach it; it is called anew wherever
    /// it is needed. Null for zeros.
    /// </summary>
    public Func<long, RecurrentState>? InitialState { get; init; }

    /// <summary>The axis of a state's parts that counts the streams; the default is right for [B, S] and for [L·D, B, S].</summary>
    public int StateBatchAxis { get; init; } = -2;

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    internal void Validate()
    {
        RequirePositive(BudgetBytes, nameof(BudgetBytes));
        RequirePositive(SegmentLength, nameof(SegmentLength));
        RequirePositive(BytesPerStep, nameof(BytesPerStep));
        if (BudgetBytes is not null && SegmentLength is not null)
        {
            throw new ArgumentException($"BudgetBytes: expected null where SegmentLength says how long segments are, got {BudgetBytes} and {SegmentLength}.");
        }
    }

    private static void RequirePositive(long? value, string name)
    {
        if (value < 1)
        {
            throw new ArgumentException($"{name}: expected at least 1, or null, got {value}.");
        }
    }
}
