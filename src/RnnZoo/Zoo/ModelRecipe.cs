using System.Text.Json.Serialization;
using RnnZoo.Characters;
using RnnZoo.Modules;
using RnnZoo.Training;
using TorchSharp;

namespace RnnZoo.Zoo;

/// <summary>How a model is trained: everything that its weights depend on, beside machine and versions.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(SequenceRecipe), "sequences")]
[JsonDerivedType(typeof(CharacterRecipe), "characters")]
public abstract record ModelRecipe
{
    /// <summary>Held while weights are drawn, for the generator that they come from is the process's.</summary>
    private protected static readonly Lock DrawingWeights = new();

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

    /// <summary>
    /// Trains one seed, on as many threads as the recipe says. The same seed gives the same weights, bit for bit, on the same
    /// machine and libtorch. Where <see cref="CanTrainSideBySide"/> says so, several threads may each train a seed.
    /// </summary>
    /// <param name="seed">Where all randomness comes from; at least 0, one of <see cref="Seeds"/> or another.</param>
    /// <param name="run">The text of a character model, who is told what happens, where checkpoints are; none of it changes a number.</param>
    /// <param name="cancellation">Ends the training after the step under way; that is a result, not an exception.</param>
    /// <returns>The model with its log, and what it measures; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">A value of the recipe is out of its range, or a character model has no text; the message names it.</exception>
    /// <exception cref="InvalidDataException">The text is another one, or the checkpoints are damaged or of another training.</exception>
    /// <exception cref="IOException">A checkpoint cannot be written.</exception>
    public TrainedSeed Train(long seed, RecipeRun? run = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(seed);
        Validate();
        var threadsBefore = torch.get_num_threads();
        torch.set_num_threads(Threads);
        try
        {
            var trained = TrainOne(seed, run ?? new RecipeRun(), cancellation);
            trained.Net.eval();
            return trained;
        }
        finally
        {
            torch.set_num_threads(threadsBefore);
        }
    }

    private protected abstract TrainedSeed TrainOne(long seed, RecipeRun run, CancellationToken cancellation);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names its field.</exception>
    internal virtual void Validate()
    {
        Check.That(Seeds.Count > 0 && Seeds.Distinct().Count() == Seeds.Count && Seeds.All(seed => seed >= 0), "recipe.seeds", "seeds of at least 0, none twice", string.Join(", ", Seeds));
        Check.That(Seeds.Contains(CommittedSeed), "recipe.committedSeed", $"one of the seeds ({string.Join(", ", Seeds)})", CommittedSeed);
        Check.That(Threads >= 1, "recipe.threads", "at least 1", Threads);
    }
}

/// <summary>What one training of a recipe has around it.</summary>
public sealed record RecipeRun
{
    /// <summary>The text of a character model, as <see cref="CharacterRecipe.OpenText"/> opens it; it stays the caller's.</summary>
    public TrainingText? Text { get; init; }

    /// <summary>
    /// The folder of a character model's checkpoints, made if it is missing: a training that was stopped goes on from there, to
    /// the same weights. Null for none. A training on a task has none, and begins anew.
    /// </summary>
    public string? Checkpoints { get; init; }

    /// <summary>Is told what happens in a training on a task, such as a <see cref="TrainingHistory"/>; of several stages each begins at step 1.</summary>
    public ITrainingObserver? Observer { get; init; }

    /// <summary>Is told what happens in the training of a character model.</summary>
    public ICharacterTrainingObserver? CharacterObserver { get; init; }

    /// <summary>Of a recipe that keeps the best weights: is given the model whenever it has just been measured to be the best so far. It is only lent.</summary>
    public Action<TrainedSeed>? OnBest { get; init; }

    /// <summary>Is told which checkpoint the training goes on from, and which it had to refuse.</summary>
    public Action<string>? Notice { get; init; }
}
