using System.Text.Json.Serialization;
using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using TorchSharp;

namespace RnnZoo.Zoo;

/// <summary>How a model is trained: everything that its weights depend on, beside machine and versions.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(SequenceRecipe), "sequences")]
[JsonDerivedType(typeof(CharacterRecipe), "characters")]
public abstract record ModelRecipe
{
    /// <summary>More threads than any machine has good use for; where OpenMP cannot start as many as it is asked for, it ends the process.</summary>
    internal const int MostThreads = 256;

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
    internal abstract string TaskName { get; }

    /// <summary>The cell's name, such as <c>lstm</c>.</summary>
    internal abstract string Cell { get; }

    /// <summary>H.</summary>
    internal abstract int Hidden { get; }

    /// <summary>Whether several seeds may be trained at a time: nothing of a training then depends on what other threads do.</summary>
    [JsonIgnore]
    public abstract bool CanTrainSideBySide { get; }

    /// <summary>What the model is for and measured on; null for a character model.</summary>
    internal virtual ISequenceTask? LearntTask => null;

    /// <summary>A recipe as a <c>model.json</c> has it under <c>recipe</c>.</summary>
    /// <param name="json">The text of the JSON object.</param>
    /// <exception cref="InvalidDataException">It is no recipe, or a value is out of its range; the message names the field.</exception>
    public static ModelRecipe FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return ManifestJson.Parse<ModelRecipe>(json, nameof(json), recipe => recipe.Validate());
    }

    /// <summary>The recipe as JSON: two recipes with the same text give the same weights.</summary>
    public string ToJson() => ManifestJson.Write(this);

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
    /// <exception cref="IOException">The text cannot be read, or a checkpoint cannot be written.</exception>
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
        Check.That(Threads is >= 1 and <= MostThreads, "recipe.threads", $"1 to {MostThreads}", Threads);
    }
}

/// <summary>What one training of a recipe has around it.</summary>
public sealed record RecipeRun
{
    /// <summary>The file of the text that a character model learns; it must be the recipe's to the byte.</summary>
    public string? TextFile { get; init; }

    /// <summary>
    /// The folder of a character model's checkpoints, made if it is missing: a training that was stopped goes on from there, to
    /// the same weights. Null for none. A training on a task has none, and begins anew.
    /// </summary>
    public string? Checkpoints { get; init; }

    /// <summary>
    /// Is told what happens, such as a <see cref="TrainingHistory"/>. Of several stages each begins at step 1. Of a text the loss
    /// is in nats per character, and the metric bits per character of the held-out text.
    /// </summary>
    public ITrainingObserver? Observer { get; init; }

    /// <summary>Is told which checkpoint the training goes on from, and which it had to refuse.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>The text, in place of <see cref="TextFile"/>, where it is open already.</summary>
    internal TrainingText? Text { get; init; }

    /// <summary>Of a recipe that keeps the best weights: is lent the model whenever it has just been measured to be the best so far.</summary>
    internal Action<TrainedSeed>? OnBest { get; init; }

    /// <summary>Is lent the character model whenever a checkpoint was written.</summary>
    internal Action<TrainedSeed>? OnCheckpoint { get; init; }
}

/// <summary>What came of training one seed of a recipe: the model, what it measures, and the log.</summary>
public sealed class TrainedSeed : IDisposable
{
    internal TrainedSeed(long seed, SequenceModel net, CharacterModel? characters) => (Seed, Net, Characters) = (seed, net, characters);

    /// <summary>The seed.</summary>
    public long Seed { get; }

    /// <summary>The net with the trained weights.</summary>
    public SequenceModel Net { get; }

    /// <summary>The character model that the net belongs to; null for a model of a task.</summary>
    public CharacterModel? Characters { get; }

    /// <summary>Why the training ended; null while it runs.</summary>
    public StopReason? Reason { get; internal init; }

    /// <summary>The reason as files have it: <c>steps</c>, a metric's name, <c>diverged</c>, <c>patience</c>, <c>cancelled</c> or <c>running</c>.</summary>
    public required string Ended { get; init; }

    /// <summary>How many steps were taken, over all stages.</summary>
    public required int Steps { get; init; }

    /// <summary>How long they took.</summary>
    public required double Seconds { get; init; }

    /// <summary>The metrics of these weights, on fresh sequences or on the held-out text; none if the training was cancelled.</summary>
    public required IReadOnlyList<MetricValue> Metrics { get; init; }

    /// <summary>The lines of the log, but for the last, which is <see cref="SeedResult.ToLogEntry"/>.</summary>
    internal IReadOnlyList<TrainingLogEntry> Log { get; init; } = [];

    /// <summary>The course of a character model's training; null for a model of a task.</summary>
    internal CharacterProgress? Progress { get; init; }

    /// <summary>Writes the weights as safetensors.</summary>
    /// <param name="file">The file; one that exists is replaced.</param>
    /// <param name="model">The model's name, for the file's metadata.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string file, string model) => SaveResult(file, model);

    /// <summary>The same.</summary>
    /// <returns>What a manifest states of the seed, the file's SHA-256 included.</returns>
    internal SeedResult SaveResult(string file, string model)
    {
        Net.SaveSafeTensors(file, new Dictionary<string, string> { ["format"] = "pt", ["model"] = model, ["seed"] = $"{Seed}" });
        return new SeedResult(Seed, Steps, Ended, Math.Round(Seconds, 2), Metrics, CheckedFile.HashOf(file));
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Net.Dispose();
}
