using RnnZoo.Modules;

namespace RnnZoo.Characters;

/// <summary>What a <see cref="CharacterModel"/> is made of.</summary>
public sealed record CharacterModelShape
{
    /// <summary>The net: one of <see cref="SequenceModel.Names"/>.</summary>
    public string Cell { get; init; } = "lstm";

    /// <summary>H.</summary>
    public int Hidden { get; init; } = 128;

    /// <summary>L.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>The size of the learned vector of each character; 0 for one-hot vectors.</summary>
    public int Embedding { get; init; }

    /// <summary>Dropout between layers, from 0 to below 1.</summary>
    public double Dropout { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Require(SequenceModel.Names.Contains(Cell), nameof(Cell), $"one of {string.Join(", ", SequenceModel.Names)}", Cell);
        Require(Hidden >= 1, nameof(Hidden), "at least 1", Hidden);
        Require(Layers >= 1, nameof(Layers), "at least 1", Layers);
        Require(Embedding >= 0, nameof(Embedding), "at least 1, or 0 for one-hot vectors", Embedding);
        Require(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
    }

    private static void Require(bool holds, string name, string expected, object got)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"{name}: expected {expected}, got {got}."));
        }
    }
}
