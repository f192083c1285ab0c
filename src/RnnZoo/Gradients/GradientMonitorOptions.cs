namespace RnnZoo.Gradients;

/// <summary>When a <see cref="GradientMonitor"/> looks, and what it warns of.</summary>
public sealed record GradientMonitorOptions
{
    /// <summary>Every how many forward passes on the tape the gradient is measured.</summary>
    public int Every { get; init; } = 1;

    /// <summary>The factor of growth over any stretch of steps above which the gradient counts as exploding.</summary>
    public double ExplodesAbove { get; init; } = 1_000;

    /// <summary>The fraction below which a gradient counts as gone.</summary>
    public double VanishesBelow { get; init; } = 1e-6;

    /// <summary>The norm that the gradient is clipped to; null if it is not clipped.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Is called with each warning; null for nobody. Warnings are kept in any case.</summary>
    public Action<GradientWarning>? OnWarning { get; init; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names it.</exception>
    public void Validate()
    {
        Require(Every >= 1, nameof(Every), "at least 1", Every);
        Require(ExplodesAbove > 1, nameof(ExplodesAbove), "above 1", ExplodesAbove);
        Require(VanishesBelow is > 0 and < 1, nameof(VanishesBelow), "above 0 and below 1", VanishesBelow);
        Require(ClipNorm is null or > 0, nameof(ClipNorm), "above 0, or null for no clipping", ClipNorm);
    }

    private static void Require(bool holds, string name, string expected, object? got)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, got, FormattableString.Invariant($"{name}: expected {expected}, got {got}."));
        }
    }
}
