using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Training;

namespace RnnZoo.Zoo;

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

    /// <summary>Why the training ended; null while it runs, in what <see cref="RecipeRun.OnBest"/> is given.</summary>
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
    public IReadOnlyList<TrainingLogEntry> Log { get; internal init; } = [];

    /// <summary>The course of a character model's training; null for a model of a task.</summary>
    public CharacterProgress? Progress { get; internal init; }

    /// <summary>Writes the weights as safetensors.</summary>
    /// <param name="file">The file; one that exists is replaced.</param>
    /// <param name="model">The model's name, for the file's metadata.</param>
    /// <returns>What a manifest states of the seed, the file's SHA-256 included.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public SeedResult Save(string file, string model)
    {
        Net.SaveSafeTensors(file, new Dictionary<string, string> { ["format"] = "pt", ["model"] = model, ["seed"] = $"{Seed}" });
        return new SeedResult(Seed, Steps, Ended, Math.Round(Seconds, 2), Metrics, CheckedFile.HashOf(file));
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Net.Dispose();
}
