namespace RnnZoo.Gradients;

/// <summary>How Lyapunov exponents are measured.</summary>
public sealed record LyapunovOptions
{
    /// <summary>How many of the largest exponents; all S if null. The cost of a step grows with S² times this number.</summary>
    public int? Count { get; init; }

    /// <summary>Steps that turn the directions into place before the measurement; they count for nothing else.</summary>
    public int WarmUp { get; init; }

    /// <summary>Which sequence of the batch.</summary>
    public int Sequence { get; init; }

    /// <summary>Where the first directions come from; the exponents do not depend on it in the limit.</summary>
    public int Seed { get; init; }

    /// <summary>How many points of <see cref="LyapunovExponents.History"/> there are at most.</summary>
    public int HistoryPoints { get; init; } = 200;
}
