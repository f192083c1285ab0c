namespace RnnZoo.Gradients;

/// <summary>What a <see cref="GradientTrace"/> records, and how often.</summary>
public sealed record GradientTraceOptions
{
    /// <summary>
    /// Every how many forward passes one is recorded, the first of them included. Forward passes under no_grad are not
    /// counted, so with one forward pass per training step this is every Nth step.
    /// </summary>
    public int Every { get; init; } = 1;

    /// <summary>
    /// Whether to record each step's own share of ∂L/∂W_hh as well. It costs more than the norms: the gradients of the
    /// pre-activations are kept for the whole sequence.
    /// </summary>
    public bool WeightShares { get; init; }

    /// <summary>How many recorded forward passes are kept; older ones are forgotten.</summary>
    public int Keep { get; init; } = 1;

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is below 1.</exception>
    public void Validate()
    {
        Require(Every, nameof(Every));
        Require(Keep, nameof(Keep));
    }

    private static void Require(int value, string name)
    {
        if (value < 1)
        {
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"{name}: expected at least 1, got {value}."));
        }
    }
}
