using RnnZoo.Cli.Chars;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>
/// The folder of one run of `zoo train`: the recipe, and of each finished seed its weights, log and results. A run that is
/// begun again in the same folder keeps what is finished.
/// </summary>
internal sealed class ZooTrainFolder : IDisposable
{
    private const string RecipeFile = "recipe.json";

    private readonly FileStream _lock;

    private ZooTrainFolder(string path, FileStream @lock) => (Path, _lock) = (path, @lock);

    public string Path { get; }

    /// <summary>Where the model's folder is put together.</summary>
    public string Model => File("model");

    /// <exception cref="InvalidDataException">The folder holds a run of another recipe.</exception>
    /// <exception cref="IOException">Another run writes into it.</exception>
    public static ZooTrainFolder Open(string path, ModelRecipe recipe)
    {
        FileStream held;
        try
        {
            held = new FileStream(System.IO.Path.Combine(path, "run.lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException problem)
        {
            throw new IOException($"{path}: expected a folder that no other training writes into; another one does, or the folder is read-only: {problem.Message}", problem);
        }

        var folder = new ZooTrainFolder(path, held);
        var (file, text) = (folder.File(RecipeFile), recipe.ToJson());
        if (!System.IO.File.Exists(file))
        {
            AtomicFile.WriteText(file, text);
        }
        else if (System.IO.File.ReadAllText(file) != text)
        {
            folder.Dispose();
            throw new InvalidDataException($"{file}: expected the recipe that is to be trained, got another one; name another folder with --output.");
        }

        return folder;
    }

    /// <summary>What came of a seed; null if it is not finished.</summary>
    public SeedResult? ResultOf(long seed)
    {
        var file = File($"seed-{seed}.json");
        if (!System.IO.File.Exists(file))
        {
            return null;
        }

        var result = SeedResult.Read(file);
        var got = CharsText.HashOf(WeightsOf(seed));
        return got == result.WeightsSha256 ? result : throw new InvalidDataException($"{WeightsOf(seed)}: expected the SHA-256 {result.WeightsSha256} of {file}, got {got}; delete both files to train the seed again.");
    }

    public string WeightsOf(long seed) => File($"seed-{seed}.safetensors");

    public string LogOf(long seed) => File($"seed-{seed}.jsonl");

    public string CheckpointsOf(long seed) => File($"seed-{seed}");

    /// <summary>Writes what came of a seed; the results come last, for they say that it is finished.</summary>
    public SeedResult Save(string model, long seed, SequenceModel net, SeedOutcome outcome)
    {
        net.SaveSafeTensors(WeightsOf(seed), new Dictionary<string, string> { ["format"] = "pt", ["model"] = model, ["seed"] = $"{seed}" });
        var hash = CharsText.HashOf(WeightsOf(seed));
        var seconds = Math.Round(outcome.Seconds, 2);
        TrainingLog.Write(LogOf(seed), [.. outcome.Log, new TrainingLogEntry(seed, "end", outcome.Steps, null, null, null, null, seconds, outcome.Ended, hash)]);
        var result = new SeedResult(seed, outcome.Steps, outcome.Ended, seconds, outcome.Metrics, hash);
        result.Write(File($"seed-{seed}.json"));
        return result;
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _lock.Dispose();
}
