namespace RnnZoo.Cli.Commands;

/// <summary>All that a benchmark measured.</summary>
/// <param name="Peaks">The machine's peak by thread count.</param>
/// <param name="Rows">The measured paths.</param>
/// <param name="Forward">Whether the forward pass was measured alone.</param>
internal sealed record BenchResult(IReadOnlyDictionary<int, PeakSample> Peaks, IReadOnlyList<BenchRow> Rows, bool Forward)
{
    /// <summary>What part of the peak of as many threads a row reached.</summary>
    public double PeakShare(BenchRow row) => row.Gflops / Peaks[row.Group.Threads].Best;

    /// <summary>What looks wrong with the machine.</summary>
    public IEnumerable<string> Disturbances() =>
        Peaks.Values.Select(sample => sample.Disturbance(Peaks[1])).OfType<string>();
}
