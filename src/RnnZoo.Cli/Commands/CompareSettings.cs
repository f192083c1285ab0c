using RnnZoo.Modules;
using RnnZoo.Training;

namespace RnnZoo.Cli.Commands;

/// <summary>What to compare, and how.</summary>
internal sealed record CompareSettings
{
    public required CompareTask Task { get; init; }

    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The delays or the lengths.</summary>
    public required IReadOnlyList<int> Sizes { get; init; }

    public required int Hidden { get; init; }

    public required int Symbols { get; init; }

    public required int Batch { get; init; }

    public required int Steps { get; init; }

    public required OptimizerKind Optimizer { get; init; }

    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>The largest gradient norm; 0 clips nothing.</summary>
    public required double Clip { get; init; }

    public required long Seed { get; init; }

    public required int Threads { get; init; }

    public required BackwardPath Backward { get; init; }

    /// <summary>The learning rate of each model.</summary>
    public required IReadOnlyDictionary<string, double> LearningRates { get; init; }

    /// <summary>The name of each model's initialisation.</summary>
    public required IReadOnlyDictionary<string, string> Initialisations { get; init; }

    /// <summary>How many fresh sequences each result is measured on.</summary>
    public int FinalSequences { get; init; } = 1_024;
}
