namespace RnnZoo.Plots;

/// <summary>A named line of points.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">The points, in the order in which they are joined.</param>
public sealed record Series(string Name, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>The place in the palette, so that one name keeps one colour across panels; wraps around.</summary>
    public int Colour { get; init; }

    /// <summary>Whether each point gets a marker.</summary>
    public bool Markers { get; init; }

    /// <summary>Whether the line is dashed and thin, as for a prediction beside what was measured.</summary>
    public bool Dashed { get; init; }

    /// <summary>Whether the line has the colour of text instead of one of the palette.</summary>
    public bool Neutral { get; init; }

    /// <summary>Means of consecutive, equally large groups of points, so that a long noisy series stays readable and small.</summary>
    /// <param name="maximumPoints">How many points to keep at most.</param>
    /// <returns>
    /// This series if it is short enough; else one whose points are the means of groups (the last may be smaller).
    /// Points that are not finite are left out of the means; a group without a finite point is a gap.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumPoints"/> is below 1.</exception>
    public Series Smoothed(int maximumPoints)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumPoints, 1);
        if (Points.Count <= maximumPoints)
        {
            return this;
        }

        var size = (Points.Count + maximumPoints - 1) / maximumPoints;
        return this with { Points = [.. Points.Chunk(size).Select(Mean)] };
    }

    private static ChartPoint Mean(ChartPoint[] group)
    {
        var finite = group.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).ToArray();
        return finite.Length == 0
            ? new ChartPoint(double.NaN, double.NaN)
            : new ChartPoint(finite.Average(point => point.X), finite.Average(point => point.Y));
    }
}
