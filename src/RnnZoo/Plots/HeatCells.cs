using System.Globalization;
using System.Text;

namespace RnnZoo.Plots;

/// <summary>The cells of a heat map as few rectangles: equal neighbours are joined, along rows and then across them.</summary>
internal static class HeatCells
{
    /// <summary>One path for each level that occurs, in units of cells, row 0 at the top.</summary>
    /// <param name="levels">[row, column] the levels; a negative one is a missing value and gets no rectangle.</param>
    public static SortedDictionary<int, string> Paths(int[,] levels)
    {
        var paths = new SortedDictionary<int, StringBuilder>();
        foreach (var (level, left, top, width, height) in Rectangles(levels))
        {
            if (!paths.TryGetValue(level, out var path))
            {
                paths.Add(level, path = new StringBuilder());
            }

            path.Append(CultureInfo.InvariantCulture, $"M{left} {top}h{width}v{height}h-{width}z");
        }

        return new SortedDictionary<int, string>(paths.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()));
    }

    private static IEnumerable<(int Level, int Left, int Top, int Width, int Height)> Rectangles(int[,] levels)
    {
        // The rectangles that end at the row above, by the run that they began with.
        var open = new Dictionary<(int Level, int Left, int Width), int>();
        for (var row = 0; row <= levels.GetLength(0); row++)
        {
            var runs = row < levels.GetLength(0) ? Runs(levels, row).ToHashSet() : [];
            foreach (var (run, top) in open.Where(pair => !runs.Contains(pair.Key)).ToArray())
            {
                open.Remove(run);
                yield return (run.Level, run.Left, top, run.Width, row - top);
            }

            foreach (var run in runs)
            {
                open.TryAdd(run, row);
            }
        }
    }

    private static IEnumerable<(int Level, int Left, int Width)> Runs(int[,] levels, int row)
    {
        var start = 0;
        for (var column = 1; column <= levels.GetLength(1); column++)
        {
            if (column < levels.GetLength(1) && levels[row, column] == levels[row, start])
            {
                continue;
            }

            if (levels[row, start] >= 0)
            {
                yield return (levels[row, start], start, column - start);
            }

            start = column;
        }
    }
}
