namespace RnnZoo.Plots;

/// <summary>An axis along cells: its ends are the outer edges of the first and the last, its ticks stand on their middles.</summary>
internal static class CellAxis
{
    /// <param name="axis">What was asked for; given ends are not taken, for all cells are shown.</param>
    /// <param name="cells">What each cell stands for, rising, in about equal steps.</param>
    public static AxisMap Fit(Axis axis, IReadOnlyList<double> cells)
    {
        var (first, last) = cells.Count > 0 ? (cells[0], cells[^1]) : (0, 1);
        var half = cells.Count > 1 ? (last - first) / (cells.Count - 1) / 2 : 0.5;
        var ticks = axis.Ticks ?? [.. Ticks.Linear(first, last, 5).Prepend(first).Distinct()];
        return AxisMap.Fit(axis with { Scale = AxisScale.Linear, Minimum = first - half, Maximum = last + half, Ticks = Apart(ticks, last - first) }, [], 0, 5);
    }

    /// <summary>Without a round value that stands too near to the first one.</summary>
    private static double[] Apart(IReadOnlyList<double> ticks, double range)
        => [.. ticks.Where((tick, index) => index == 0 || Math.Abs(tick - ticks[0]) > 0.08 * range)];
}
