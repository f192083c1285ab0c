using RnnZoo.Cells;

namespace RnnZoo.Streams;

/// <summary>How a <see cref="TruncatedBpttLoader"/> cuts streams into chunks and carries the state.</summary>
public sealed record TruncatedBpttOptions
{
    /// <summary>k1: how many steps a chunk moves on; one update is made for each chunk.</summary>
    public int ChunkLength { get; init; } = 35;

    /// <summary>
    /// k2: how many steps before a chunk's end gradients reach back; the chunk's own length if null. It may be longer than
    /// the chunk, also than the stream: the steps before the chunk are then run again, with the weights as they are, from the
    /// state that was kept there. If it is shorter, the chunk's earlier steps are run without gradient.
    /// </summary>
    public int? GradientLength { get; init; }

    /// <summary>Whether the steps at the end that do not fill a chunk are left out; else they are a shorter chunk.</summary>
    public bool DropLast { get; init; }

    /// <summary>Random lengths around <see cref="ChunkLength"/>; null for none.</summary>
    public RandomChunkLength? RandomLength { get; init; }

    /// <summary>
    /// Makes the state for B streams that a stream or a document starts from, such as a learned one, which gradients reach.
    /// Null for zeros.
    /// </summary>
    public Func<long, RecurrentState>? InitialState { get; init; }

    /// <summary>
    /// The axis of a state's parts that counts the streams. The default is right for [B, S] and for [L·D, B, S]; negative
    /// numbers count from the end.
    /// </summary>
    public int StateBatchAxis { get; init; } = -2;

    /// <summary>Checks every option against the streams.</summary>
    /// <param name="source">The streams.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    internal void Validate(StreamSource source)
    {
        Require(ChunkLength >= 1, nameof(ChunkLength), "at least 1", ChunkLength);
        Require(ChunkLength <= source.Steps, nameof(ChunkLength), $"at most the {source.Steps} steps of a stream ({source.Streams} streams), which is full backpropagation", ChunkLength);
        Require(GradientLength is null or >= 1, nameof(GradientLength), "at least 1, or null for the chunk's own length", GradientLength);
        Require(RandomLength is null || GradientLength is null, nameof(GradientLength), "null with random lengths, for gradients then reach back to the chunk's start", GradientLength);
        if (RandomLength is { } random)
        {
            Require(random.HalfProbability is >= 0 and <= 1, "RandomLength.HalfProbability", "from 0 to 1", random.HalfProbability);
            Require(random.StandardDeviation >= 0 && double.IsFinite(random.StandardDeviation), "RandomLength.StandardDeviation", "at least 0 and finite", random.StandardDeviation);
            Require(random.Minimum >= 1 && random.Minimum <= ChunkLength, "RandomLength.Minimum", $"from 1 to ChunkLength = {ChunkLength}", random.Minimum);
        }
    }

    private static void Require(bool holds, string name, string expected, object? got)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"{name}: expected {expected}, got {got}."));
        }
    }
}
