namespace RnnZoo.Zoo;

/// <summary>A text to train on. It is not kept with the model; whoever repeats the training gets it as is said here.</summary>
public sealed record TextRecipe
{
    /// <summary>What it is.</summary>
    public required string Title { get; init; }

    /// <summary>How to get it, to the byte: commands, or an address.</summary>
    public required string Source { get; init; }

    /// <summary>The SHA-256 of its bytes.</summary>
    public required string Sha256 { get; init; }
}
