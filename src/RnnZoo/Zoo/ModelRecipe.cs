using System.Text.Json.Serialization;
using RnnZoo.Files;
using RnnZoo.Modules;

namespace RnnZoo.Zoo;

/// <summary>How a model is trained: everything that its weights depend on, beside machine and versions.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(SequenceRecipe), "sequences")]
[JsonDerivedType(typeof(CharacterRecipe), "characters")]
public abstract record ModelRecipe
{
    /// <summary>The seeds that it is trained with, each from the start.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>The seed whose weights are the model.</summary>
    public required long CommittedSeed { get; init; }

    /// <summary>How many threads a training computes on. With one, several seeds can be trained side by side, with the same numbers.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>How gradients are found.</summary>
    public BackwardPath Backward { get; init; } = BackwardPath.Auto;

    /// <summary>The short name of what it learns, such as <c>copy</c>.</summary>
    [JsonIgnore]
    public abstract string TaskName { get; }

    /// <summary>The cell's name, such as <c>lstm</c>.</summary>
    [JsonIgnore]
    public abstract string Cell { get; }

    /// <summary>H.</summary>
    [JsonIgnore]
    public abstract int Hidden { get; }

    /// <summary>Whether several seeds may be trained at a time: nothing of a training then depends on what other threads do.</summary>
    [JsonIgnore]
    public abstract bool CanTrainSideBySide { get; }

    /// <summary>The recipe as JSON: two recipes with the same text give the same weights.</summary>
    public string ToJson() => ManifestJson.WritePart(this);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    internal virtual void Validate()
    {
        Require.That(Seeds.Count > 0 && Seeds.Distinct().Count() == Seeds.Count && Seeds.All(seed => seed >= 0), "recipe.seeds", "seeds of at least 0, none twice", string.Join(", ", Seeds));
        Require.That(Seeds.Contains(CommittedSeed), "recipe.committedSeed", $"one of the seeds ({string.Join(", ", Seeds)})", CommittedSeed);
        Require.That(Threads >= 1, "recipe.threads", "at least 1", Threads);
    }
}
