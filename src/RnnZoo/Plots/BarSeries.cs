namespace RnnZoo.Plots;

/// <summary>One bar in each group of a <see cref="GroupedBars"/> chart.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Values">One value per group; a value that is not finite leaves its place empty.</param>
public sealed record BarSeries(string Name, IReadOnlyList<double> Values)
{
    /// <summary>The place in the palette, so that one name keeps one colour across panels; wraps around.</summary>
    public int Colour { get; init; }
}
