namespace RnnZoo.Zoo;

/// <summary>A metric over the seeds of a recipe.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Seeds">How many seeds gave a finite value.</param>
/// <param name="Mean">Their mean; null if there is none.</param>
/// <param name="StandardDeviation">Their standard deviation (divisor n - 1); null below two.</param>
/// <param name="Minimum">The smallest; null if there is none.</param>
/// <param name="Maximum">The largest; null if there is none.</param>
public sealed record MetricSpread(string Name, int Seeds, double? Mean, double? StandardDeviation, double? Minimum, double? Maximum)
{
    /// <summary>The spread of every metric over seeds.</summary>
    /// <param name="seeds">What came of the seeds.</param>
    public static IReadOnlyList<MetricSpread> Of(IReadOnlyList<SeedResult> seeds) =>
        [.. seeds.SelectMany(seed => seed.Metrics).GroupBy(metric => metric.Name, metric => metric.Value).Select(group => Of(group.Key, [.. group.OfType<double>()]))];

    /// <summary>Whether it is another one but for rounding.</summary>
    internal bool IsNear(MetricSpread other) =>
        (Name, Seeds) == (other.Name, other.Seeds)
        && IsNear(Mean, other.Mean) && IsNear(StandardDeviation, other.StandardDeviation) && IsNear(Minimum, other.Minimum) && IsNear(Maximum, other.Maximum);

    private bool IsNear(double? one, double? other) =>
        one is { } a && other is { } b ? Math.Abs(a - b) <= 1e-9 * Math.Max(Math.Abs(Maximum ?? 0), Math.Abs(Minimum ?? 0)) : one is null && other is null;

    private static MetricSpread Of(string name, double[] values)
    {
        if (values.Length == 0)
        {
            return new MetricSpread(name, 0, null, null, null, null);
        }

        var mean = values.Average();
        double? deviation = values.Length < 2 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
        return new MetricSpread(name, values.Length, mean, deviation, values.Min(), values.Max());
    }
}
