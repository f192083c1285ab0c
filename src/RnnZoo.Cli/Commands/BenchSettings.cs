namespace RnnZoo.Cli.Commands;

/// <summary>What to measure.</summary>
/// <param name="Cells">vanilla, lstm, gru.</param>
/// <param name="Paths">Names of <see cref="BenchPaths"/>.</param>
/// <param name="Sizes">The layers' sizes.</param>
/// <param name="Threads">Thread counts.</param>
/// <param name="Seconds">How long the paths of one cell, size and thread count are measured at least.</param>
/// <param name="Forward">Whether the forward pass is measured alone, without gradients.</param>
internal sealed record BenchSettings(
    IReadOnlyList<string> Cells, IReadOnlyList<string> Paths, IReadOnlyList<BenchSize> Sizes, IReadOnlyList<int> Threads, double Seconds, bool Forward)
{
    public static IReadOnlyList<string> AllCells { get; } = ["vanilla", "gru", "lstm"];

    public static IReadOnlyList<BenchSize> DefaultSizes { get; } =
        [new(32, 100, 10, 128), new(32, 1000, 10, 128), new(20, 35, 200, 200), new(64, 256, 128, 512), new(1, 1000, 16, 64)];

    public static IReadOnlyList<int> DefaultThreads { get; } = Environment.ProcessorCount == 1 ? [1] : [1, Environment.ProcessorCount];

    /// <summary>What is measured side by side.</summary>
    public IEnumerable<BenchGroup> Groups() =>
        from size in Sizes
        from cell in Cells
        from threads in Threads
        let paths = Paths.Where(path => BenchPaths.Fits(path, cell, size, Forward)).ToArray()
        where paths.Length > 0
        select new BenchGroup(cell, size, threads, paths, Forward);
}

/// <summary>Ways to the same result, measured by turns.</summary>
internal sealed record BenchGroup(string Cell, BenchSize Size, int Threads, IReadOnlyList<string> Paths, bool Forward = false);
