using RnnZoo.Gradients;
using RnnZoo.Modules;

namespace RnnZoo.Cli.Commands;

/// <summary>The ways of taking a training step that are measured, by the names in tables and files.</summary>
internal static class BenchPaths
{
    private const double MostFlopsWithNorms = 5e9;
    public const string Training = "train:";

    /// <summary>All names, in the order of the table.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["autograd", "native", "handwritten", "handwritten+norms", "handwritten+shares", Training + "native", Training + "handwritten"];

    /// <summary>Whether a path is a whole training step on the copy task, optimizer included.</summary>
    public static bool Trains(string path) => path.StartsWith(Training, StringComparison.Ordinal);

    /// <summary>
    /// Whether a path is measured at a size: a training step where the copy task fits it, norms where a step is short, and
    /// neither where the forward pass is measured alone.
    /// </summary>
    public static bool Fits(string path, string cell, BenchSize size, bool forward) =>
        Trains(path) ? size.FitsCopyTask && !forward : !path.Contains('+', StringComparison.Ordinal) || (!forward && size.Flops(cell) < MostFlopsWithNorms);

    /// <summary>What to run.</summary>
    public static IWorkload Create(string path, string cell, BenchSize size, bool forward) => path switch
    {
        "autograd" => new GradientWorkload(cell, size, BackwardPath.Autograd, forward),
        "native" => new GradientWorkload(cell, size, BackwardPath.Native, forward),
        "handwritten" => new GradientWorkload(cell, size, BackwardPath.HandWritten, forward),
        "handwritten+norms" => new GradientWorkload(cell, size, BackwardPath.HandWritten, forward, new GradientTraceOptions()),
        "handwritten+shares" => new GradientWorkload(cell, size, BackwardPath.HandWritten, forward, new GradientTraceOptions { WeightShares = true }),
        Training + "native" => new CopyWorkload(cell, size, BackwardPath.Native),
        Training + "handwritten" => new CopyWorkload(cell, size, BackwardPath.HandWritten),
        _ => throw new ArgumentOutOfRangeException(nameof(path), path, $"path: expected one of {string.Join(", ", All)}."),
    };
}
