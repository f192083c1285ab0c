namespace RnnZoo.Plots;

/// <summary>
/// Leaves out the points of a long path that nobody would miss. Source: D. Douglas and T. Peucker, "Algorithms for the
/// reduction of the number of points required to represent a digitized line", 1973.
/// </summary>
internal static class PathSimplifier
{
    private const int ShortEnough = 20;
    private const double Tolerance = 0.1; // Positions are written to a tenth.

    /// <returns>The first point, the last, and as many between as keep the path within a tenth of a pixel; a short path as it is.</returns>
    public static IEnumerable<(double X, double Y)> Simplify((double X, double Y)[] points)
    {
        if (points.Length <= ShortEnough)
        {
            return points;
        }

        var kept = new bool[points.Length];
        kept[0] = kept[^1] = true;
        var parts = new Stack<(int From, int To)>([(0, points.Length - 1)]);
        while (parts.TryPop(out var part))
        {
            var (farthest, distance) = Farthest(points, part.From, part.To);
            if (distance > Tolerance)
            {
                kept[farthest] = true;
                parts.Push((part.From, farthest));
                parts.Push((farthest, part.To));
            }
        }

        return points.Where((_, index) => kept[index]);
    }

    private static (int Index, double Distance) Farthest((double X, double Y)[] points, int from, int to)
    {
        var (x, y) = (points[to].X - points[from].X, points[to].Y - points[from].Y);
        var length = Math.Sqrt((x * x) + (y * y));
        var farthest = (Index: from, Distance: -1.0);
        for (var index = from + 1; index < to; index++)
        {
            var (dx, dy) = (points[index].X - points[from].X, points[index].Y - points[from].Y);
            var distance = length > 0 ? Math.Abs((x * dy) - (y * dx)) / length : Math.Sqrt((dx * dx) + (dy * dy));
            farthest = distance > farthest.Distance ? (index, distance) : farthest;
        }

        return farthest;
    }
}
