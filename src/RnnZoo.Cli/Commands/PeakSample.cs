namespace RnnZoo.Cli.Commands;

/// <summary>What a peak loop reached.</summary>
/// <param name="Threads">Threads at once.</param>
/// <param name="Best">GFLOP/s of the best run of all threads together: the peak.</param>
/// <param name="Median">GFLOP/s of the median run: far below the best when something else has the machine.</param>
internal sealed record PeakSample(int Threads, double Best, double Median)
{
    // Per core in GFLOP/s: a little less than two 512-bit units at 3.9 GHz.
    private const double LeastWith512Bits = 225;
    private const double MedianOfBest = 0.9;
    private const double Scaling = 0.85;

    /// <summary>Joins two measurements at different times.</summary>
    public PeakSample With(PeakSample other) => new(Threads, Math.Max(Best, other.Best), Math.Min(Median, other.Median));

    /// <summary>What looks wrong with the machine; null if nothing.</summary>
    /// <param name="single">The sample of one thread.</param>
    public string? Disturbance(PeakSample single)
    {
        if (Median < MedianOfBest * Best)
        {
            return FormattableString.Invariant($"the peak loop on {Threads} threads reached {Best:0} GFLOP/s at best and {Median:0} in the median run");
        }

        if (Best < Scaling * Threads * single.Best)
        {
            return FormattableString.Invariant($"the peak of {Threads} threads is {Best:0} GFLOP/s, of one {single.Best:0}");
        }

        return PeakLoop.VectorBits == 512 && Best < LeastWith512Bits * Threads
            ? FormattableString.Invariant($"with 512-bit vectors the peak is {Best / Threads:0} GFLOP/s a core, where a server core with two such units reaches about 250")
            : null;
    }
}
