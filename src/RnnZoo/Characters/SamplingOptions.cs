namespace RnnZoo.Characters;

/// <summary>How a <see cref="CharacterModel"/> writes text.</summary>
public sealed record SamplingOptions
{
    /// <summary>How many characters to draw.</summary>
    public int Length { get; init; } = 500;

    /// <summary>What the logits are divided by: below 1 is safer, above 1 is wilder, 0 always takes the likeliest.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Where chance comes from: the same seed and weights give the same text.</summary>
    public long Seed { get; init; }

    /// <summary>The text to go on from; if empty, the writing begins as after the end of a line.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (Length < 0)
        {
            throw new ArgumentException(FormattableString.Invariant($"Length: expected at least 0, got {Length}."));
        }

        if (!(Temperature >= 0) || !double.IsFinite(Temperature))
        {
            throw new ArgumentException(FormattableString.Invariant($"Temperature: expected at least 0 and finite, got {Temperature}."));
        }

        ArgumentNullException.ThrowIfNull(Prompt);
    }
}
