namespace RnnZoo.Cli.Commands;

/// <summary>What was measured of one path.</summary>
/// <param name="Group">Cell, size and threads.</param>
/// <param name="Path">The path.</param>
/// <param name="Milliseconds">The median time of a step.</param>
/// <param name="Fastest">The time of the fastest step, in milliseconds: what the code takes when nothing else disturbs it.</param>
/// <param name="Count">How many steps that is the median of.</param>
internal sealed record BenchRow(BenchGroup Group, string Path, double Milliseconds, double Fastest, int Count)
{
    /// <summary>Peak resident memory of a step beyond what was there before it, measured in a process of its own; null where that failed.</summary>
    public double? ExtraMegabytes { get; init; }

    /// <summary>The recurrence's own arithmetic per time, in GFLOP/s.</summary>
    public double Gflops => Group.Size.Flops(Group.Cell) / (Group.Forward ? 3 : 1) / Milliseconds / 1e6;
}
