using RnnZoo.Characters;
using RnnZoo.Cli.Commands;
using RnnZoo.Files;
using RnnZoo.Tasks;
using RnnZoo.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Fuzz;

/// <summary>
/// A kind of file that may come from a stranger. It lies in a folder of the corpus, among the files that it belongs to.
/// </summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Folder">The folder of the corpus.</param>
/// <param name="File">The file in it.</param>
/// <param name="Read">Reads the file in a copy of the folder, as the library does. It may throw an <see cref="InvalidDataException"/> that names a file there, and nothing else.</param>
/// <param name="Commands">Commands that read it, in which a star stands for the folder.</param>
internal sealed record Target(string Name, string Folder, string File, Action<string> Read, params string[] Commands)
{
    /// <summary>Makes checksums right that would keep a change from the reader that is tried.</summary>
    public Func<byte[], byte[]> Sealed { get; init; } = bytes => bytes;

    public static IReadOnlyList<Target> All { get; } =
    [
        new("safetensors", "copy", "weights.safetensors", folder => ReadAll(Path.Combine(folder, "weights.safetensors")), "lyapunov --weights */weights.safetensors --steps 2 --warm-up 1 --json --output */out"),
        new("dat", "copy", "weights.dat", folder => TorchSharpFile.Load(Path.Combine(folder, "weights.dat")), "lyapunov --weights */weights.dat --steps 2 --warm-up 1 --json --output */out"),
        new("model", "copy", ModelFolder.Manifest, Load, "zoo show *", "zoo export * --output */out"),
        new("chars", "chars", ModelFolder.Manifest, Load, "sample --length 3 --model *", $"train chars --json --resume * --text */{Corpus.Text}"),
        new("vocabulary", "chars", ModelFolder.Vocabulary, Load, "sample --length 3 --model *"),
        new("log", "chars", ModelFolder.Log, folder => TrainingLog.Read(Path.Combine(folder, ModelFolder.Log)), "zoo show *"),
        new("idx", "images", "train-images-idx3-ubyte", folder => _ = new SequentialImageTask(folder, 2), "compare images --data * --lengths 2 --models vanilla --hidden 2 --batch 2 --steps 1 --json --output */out"),
        new("plan", "sweep", SweepFolder.PlanFile, folder => SweepFolder.Open(folder), "sweep status * --json"),
        new("checkpoint", "chars", Corpus.Checkpoint, Resume, $"train chars --json --resume * --text */{Corpus.Text}") { Sealed = CheckpointFolder.Sealed },
    ];

    public static Target Named(string name) => All.FirstOrDefault(target => target.Name == name)
        ?? throw new ArgumentException($"target: expected one of {string.Join(", ", All.Select(target => target.Name))}, got '{name}'.");

    private static void ReadAll(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        foreach (var entry in file.Entries.Where(entry => entry.Type is not null))
        {
            file.Read(entry.Name).Dispose();
        }
    }

    private static void Load(string folder)
    {
        var entry = ModelEntry.At(folder)!;
        var manifest = entry.ReadManifest();
        if (manifest.Result is not null)
        {
            _ = ModelCard.Write(manifest, []);
        }

        entry.Load().Dispose();
    }

    private static void Resume(string folder)
    {
        var recipe = (CharacterRecipe)ModelManifest.Read(Path.Combine(folder, ModelFolder.Manifest)).Recipe;
        var text = recipe.OpenText(Path.Combine(folder, Corpus.Text));
        using var model = new CharacterModel(text.Vocabulary, recipe.Net);
        using var trainer = new CharacterTrainer(model, text.Training, text.HeldOut, recipe.Training, seed: 1, new CheckpointFolder(folder));
        trainer.Resume();
    }
}
