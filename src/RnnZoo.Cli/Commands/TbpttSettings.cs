namespace RnnZoo.Cli.Commands;

/// <summary>What to measure.</summary>
internal sealed record TbpttSettings
{
    /// <summary>The name of full backpropagation through time among the values of k: chunks as long as the stream.</summary>
    public const int Full = 0;

    public const int DefaultLength = 10_000;
    public const int DefaultBatch = 20;
    public const int DefaultHidden = 128;
    public const int DefaultDelay = 20;
    public const int DefaultUpdates = 1_500;
    public const long DefaultSeed = 1;

    public static IReadOnlyList<int> DefaultChunks { get; } = [1, 5, 10, 35, 100, Full];

    /// <summary>vanilla, lstm or gru.</summary>
    public required string Cell { get; init; }

    /// <summary>The values of k, <see cref="Full"/> for the whole stream.</summary>
    public required IReadOnlyList<int> Chunks { get; init; }

    /// <summary>T: the steps of the measured stream.</summary>
    public required int Length { get; init; }

    /// <summary>B.</summary>
    public required int Batch { get; init; }

    /// <summary>H.</summary>
    public required int Hidden { get; init; }

    /// <summary>D: how many steps lie between a cue and the question for it.</summary>
    public required int Delay { get; init; }

    /// <summary>How many updates each training makes at most; 0 for no training.</summary>
    public required int Updates { get; init; }

    public required long Seed { get; init; }

    /// <summary>How a value of k is written.</summary>
    public static string Name(int chunk) => chunk == Full ? "full" : FormattableString.Invariant($"{chunk}");
}
