using System.Globalization;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>The peak memory of one training step, measured in a process that does nothing else.</summary>
internal static class MemoryProbe
{
    /// <summary>The command of the program that measures, which its help does not show.</summary>
    public const string Command = "bench-memory";

    /// <summary>Measures in a process of its own.</summary>
    /// <returns>Bytes.</returns>
    public static async Task<long> ExtraBytesAsync(BenchGroup group, string path, CancellationToken cancellation)
    {
        var answer = await SelfProcess.RunAsync([Command, path, group.Cell, group.Size.ToString(), group.Threads.ToString(CultureInfo.InvariantCulture), .. group.Forward ? ["--forward"] : Array.Empty<string>()], cancellation);
        return long.Parse(answer, CultureInfo.InvariantCulture);
    }

    /// <summary>Measures in this process, which must be a fresh one.</summary>
    /// <param name="path">The path.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="size">The layer's size.</param>
    /// <param name="threads">The thread count.</param>
    /// <param name="forward">Whether the forward pass is measured alone.</param>
    /// <returns>Bytes.</returns>
    public static long Measure(string path, string cell, BenchSize size, int threads, bool forward)
    {
        set_num_threads(threads);
        var fewest = BenchPaths.Trains(path) ? (2 * CopyWorkload.Symbols) + 1 : 2;
        using (var once = BenchPaths.Create(path, cell, size with { Steps = Math.Min(size.Steps, fewest) }, forward))
        {
            once.Step(); // compiled, and what is set up once is there
        }

        using var workload = BenchPaths.Create(path, cell, size, forward);
        GC.Collect();
        ResidentMemory.ForgetPeak();
        var before = ResidentMemory.Now;
        workload.Step();
        return ResidentMemory.Peak - before;
    }
}
