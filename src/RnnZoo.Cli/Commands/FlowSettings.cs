namespace RnnZoo.Cli.Commands;

/// <summary>What to measure.</summary>
internal sealed record FlowSettings
{
    /// <summary>linear, vanilla, lstm, gru.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The factors of the orthogonal W of the linear and the vanilla nets: its spectral norm.</summary>
    public required IReadOnlyList<double> Norms { get; init; }

    /// <summary>T: the steps of a sequence, and so the largest distance.</summary>
    public required int Length { get; init; }

    /// <summary>B: the sequences that a curve is the mean of.</summary>
    public required int Sequences { get; init; }

    /// <summary>H of every net.</summary>
    public required int Hidden { get; init; }

    public required long Seed { get; init; }

    /// <summary>The nets to watch in training; may be empty.</summary>
    public required IReadOnlyList<string> Trained { get; init; }

    /// <summary>The steps of each training.</summary>
    public required int Steps { get; init; }

    /// <summary>The delay of the copy task in training.</summary>
    public required int Delay { get; init; }
}
