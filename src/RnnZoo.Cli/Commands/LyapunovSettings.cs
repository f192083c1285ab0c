namespace RnnZoo.Cli.Commands;

/// <summary>What to measure, and how.</summary>
internal sealed record LyapunovSettings
{
    /// <summary>vanilla, lstm or gru; of a fresh net.</summary>
    public required string Cell { get; init; }

    public required int Hidden { get; init; }

    /// <summary>The spectral norm that each recurrent block of a fresh net is scaled to; null leaves the initialisation as it is.</summary>
    public required double? Gain { get; init; }

    /// <summary>The initialisation of a fresh net.</summary>
    public required string Init { get; init; }

    /// <summary>A state dict to measure in place of a fresh net.</summary>
    public required string? Weights { get; init; }

    public required int Steps { get; init; }

    public required int WarmUp { get; init; }

    public required int Exponents { get; init; }

    /// <summary>The standard deviation of each step's random input.</summary>
    public required double Input { get; init; }

    public required long Seed { get; init; }
}
