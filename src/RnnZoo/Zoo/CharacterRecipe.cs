using System.Text.Json.Serialization;
using RnnZoo.Characters;
using RnnZoo.Files;

namespace RnnZoo.Zoo;

/// <summary>How a character model is trained. Its weights are those of the last step: none are chosen by the held-out text.</summary>
public sealed record CharacterRecipe : ModelRecipe
{
    /// <summary>The text.</summary>
    public required TextRecipe Text { get; init; }

    /// <summary>What the model reads and writes.</summary>
    public VocabularyKind Vocabulary { get; init; } = VocabularyKind.Characters;

    /// <summary>Which share of the text, at its end, is held out; it is kept beside the weights to measure on.</summary>
    public required double HeldOutShare { get; init; }

    /// <summary>The net.</summary>
    public required CharacterModelShape Net { get; init; }

    /// <summary>How it is trained; the seed is derived from the recipe's.</summary>
    public required CharacterTrainingOptions Training { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string TaskName => "characters";

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Cell => Net.Cell;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int Hidden => Net.Hidden;

    /// <inheritdoc/>
    [JsonIgnore]
    public override bool CanTrainSideBySide => Threads == 1 && Net.Dropout == 0; // dropout draws from the process's generator

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        Require.Hash(Text.Sha256, "recipe.text.sha256");
        Require.That(HeldOutShare is > 0 and < 1, "recipe.heldOutShare", "above 0 and below 1", HeldOutShare);
        Require.Within("recipe.net", () =>
        {
            Net.Validate();
            return true;
        });
        Require.Within("recipe.training", () =>
        {
            Training.Validate();
            return true;
        });
    }
}
