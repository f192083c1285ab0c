using RnnZoo.Training;

namespace RnnZoo.Zoo;

/// <summary>One training of a recipe.</summary>
public sealed record TrainingStage
{
    /// <summary>What is trained on; null for the model's own task.</summary>
    public TaskRecipe? Task { get; init; }

    /// <summary>How; the seed is derived from the recipe's.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Whether it is sound.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    internal bool Check()
    {
        Training.Validate();
        return true;
    }
}
