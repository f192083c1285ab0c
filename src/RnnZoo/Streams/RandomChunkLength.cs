namespace RnnZoo.Streams;

/// <summary>
/// Chunks of random length, so that the cuts fall elsewhere in every epoch: the length is drawn from a normal distribution
/// around the chunk length, or now and then around half of it (Merity, Keskar and Socher, "Regularizing and Optimizing LSTM
/// Language Models", 2017, section 5).
/// </summary>
public sealed record RandomChunkLength
{
    /// <summary>How often the mean is half the chunk length.</summary>
    public double HalfProbability { get; init; } = 0.05;

    /// <summary>The standard deviation, in steps.</summary>
    public double StandardDeviation { get; init; } = 5;

    /// <summary>The shortest length that is drawn; only a stream's end makes shorter chunks.</summary>
    public int Minimum { get; init; } = 5;

    /// <summary>Where the lengths come from.</summary>
    public long Seed { get; init; }

    /// <summary>Draws a length.</summary>
    internal long Draw(int chunkLength, ref SplitMix64 random)
    {
        var mean = random.NextDouble() < HalfProbability ? chunkLength / 2.0 : chunkLength;
        return (long)Math.Max(Minimum, mean + (StandardDeviation * random.NextNormal()));
    }
}
