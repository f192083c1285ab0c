using RnnZoo.Gradients;
using RnnZoo.Modules;

namespace RnnZoo.Cli.Bench;

/// <summary>The ways of taking a training step that are measured, by the names in tables and files.</summary>
internal static class BenchPaths
{
    public const string PyTorch = "pytorch";
    private const double MostFlopsWithNorms = 5e9;
    public const string Training = "train:";

    /// <summary>All names, in the order of the table.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["autograd", "native", PyTorch, "handwritten", "handwritten+norms", "handwritten+shares", Training + "native", Training + "handwritten"];

    /// <summary>Whether a path is a whole training step on the copy task, optimizer included.</summary>
    public static bool Trains(string path) => path.StartsWith(Training, StringComparison.Ordinal);

    /// <summary>Whether a path is measured at a size: a training step where the copy task fits it, norms where a step is short.</summary>
    public static bool Fits(string path, string cell, BenchSize size) =>
        Trains(path) ? size.FitsCopyTask : !path.Contains('+', StringComparison.Ordinal) || size.Flops(cell) < MostFlopsWithNorms;

    /// <summary>What to run; not for <see cref="PyTorch"/>, which runs in a process of its own.</summary>
    public static IWorkload Create(string path, string cell, BenchSize size) => path switch
    {
        "autograd" => new GradientWorkload(cell, size, BackwardPath.Autograd),
        "native" => new GradientWorkload(cell, size, BackwardPath.Native),
        "handwritten" => new GradientWorkload(cell, size, BackwardPath.HandWritten),
        "handwritten+norms" => new GradientWorkload(cell, size, BackwardPath.HandWritten, new GradientTraceOptions()),
        "handwritten+shares" => new GradientWorkload(cell, size, BackwardPath.HandWritten, new GradientTraceOptions { WeightShares = true }),
        Training + "native" => new CopyWorkload(cell, size, BackwardPath.Native),
        Training + "handwritten" => new CopyWorkload(cell, size, BackwardPath.HandWritten),
        _ => throw new ArgumentOutOfRangeException(nameof(path), path, $"path: expected one of {string.Join(", ", All)}."),
    };
}
