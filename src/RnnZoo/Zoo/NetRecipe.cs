using RnnZoo.Files;
using RnnZoo.Modules;

namespace RnnZoo.Zoo;

/// <summary>What a net is made of.</summary>
public sealed record NetRecipe
{
    /// <summary>The cell's name, as <see cref="SequenceModel.Create"/> takes it.</summary>
    public required string Cell { get; init; }

    /// <summary>H.</summary>
    public required int Hidden { get; init; }

    /// <summary>L.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Whether it is sound.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    internal bool Check()
    {
        Require.That(Hidden >= 1, "hidden", "at least 1", Hidden);
        Require.That(Layers >= 1, "layers", "at least 1", Layers);
        Require.That(RecurrentNets.Names.Contains(Cell), "cell", $"one of {string.Join(", ", RecurrentNets.Names)}", Cell);
        return true;
    }
}
