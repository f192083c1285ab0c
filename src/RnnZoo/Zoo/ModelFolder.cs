using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using RnnZoo.Characters;
using RnnZoo.Files;
using RnnZoo.Training;

namespace RnnZoo.Zoo;

/// <summary>The folder of a model: its files, and how they are written.</summary>
internal static class ModelFolder
{
    public const string Manifest = "model.json"; // recipe and results
    public const string Weights = "weights.safetensors"; // under PyTorch's names
    public const string Card = "README.md"; // made of manifest and log
    public const string Log = "train.jsonl"; // of the trainings of all seeds
    public const string Curve = "training.svg"; // made of the log
    public const string Vocabulary = "vocabulary.json"; // of a character model
    public const string Validation = "validation.txt"; // the held-out text of a character model

    /// <summary>All of them.</summary>
    public static readonly string[] Files = [Manifest, Weights, Card, Log, Curve, Vocabulary, Validation];

    /// <summary>Writes the folder of a trained model, beside the committed seed's weights, which are there already.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="manifest">The model, of which the recipe counts.</param>
    /// <param name="seeds">What came of every seed of the recipe, in its order.</param>
    /// <param name="log">The log of all seeds, the committed one last: the last line holds the hash of the weights.</param>
    /// <param name="text">What a character model has learned; null for a model of a task.</param>
    /// <param name="day">When it was trained.</param>
    /// <returns>The manifest with the results.</returns>
    /// <exception cref="InvalidDataException">What came of the seeds is no model, as after a divergence.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static ModelManifest Write(string folder, ModelManifest manifest, IReadOnlyList<SeedResult> seeds, IReadOnlyList<TrainingLogEntry> log, TrainingText? text, DateTimeOffset day)
    {
        var validation = Path.Combine(folder, Validation);
        if (text is not null)
        {
            AtomicFile.WriteText(Path.Combine(folder, Vocabulary), text.Vocabulary.ToJson() + "\n");
            text.WriteHeldOut(validation);
        }

        var (parameters, backward) = NetOf(manifest.Recipe, text);
        var committed = seeds.Single(seed => seed.Seed == manifest.Recipe.CommittedSeed);
        var trained = manifest with
        {
            Result = new ModelResult(
                committed.Metrics, seeds, MetricSpread.Of(seeds), parameters, new FileInfo(Path.Combine(folder, Weights)).Length, committed.WeightsSha256,
                text is null ? null : CheckedFile.HashOf(validation), ModelProvenance.Here(day, backward)),
        };
        try
        {
            trained.Validate();
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{manifest.Name}: what seed {manifest.Recipe.CommittedSeed} gave is no model: {problem.Message}", problem);
        }

        TrainingLog.Write(Path.Combine(folder, Log), log);
        AtomicFile.WriteText(Path.Combine(folder, Curve), TrainingCurve.Draw(trained, log).ToSvg() + "\n");
        AtomicFile.WriteText(Path.Combine(folder, Card), ModelCard.Write(trained, log));
        AtomicFile.WriteText(Path.Combine(folder, Manifest), trained.ToJson());
        return trained;
    }

    /// <summary>What a folder holds besides a model, which would be lost if another took its place; null if nothing.</summary>
    public static string? OtherIn(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).FirstOrDefault(name => !Files.Contains(name)) : null;

    /// <summary>
    /// Puts a copy of a folder in another's place: the copy is made beside it, and then the two change places. On Linux that is
    /// one step, so that a program that is killed leaves the old folder or the new one; elsewhere it is two renames, and
    /// killed between them, the old one waits beside under the name <c>.NAME.old</c> until the next call gives it its name back.
    /// </summary>
    /// <exception cref="IOException">A file cannot be written; the old folder is left as it was.</exception>
    public static void Install(string source, string target)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(new DirectoryInfo(target).LinkTarget is null ? target : Directory.ResolveLinkTarget(target, returnFinalTarget: true)!.FullName));
        var (parent, name) = (Path.GetDirectoryName(full)!, Path.GetFileName(full));
        var (fresh, old) = (Path.Combine(parent, $".{name}.new"), Path.Combine(parent, $".{name}.old"));
        using var held = new FileStream(fresh + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose); // against another who does the same
        Delete(fresh);
        if (!Directory.Exists(full) && Directory.Exists(old))
        {
            Directory.Move(old, full);
        }

        Delete(old);
        Directory.CreateDirectory(fresh);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            AtomicFile.Copy(file, Path.Combine(fresh, Path.GetFileName(file)));
        }

        if (Directory.Exists(full))
        {
            if (Exchange(fresh, full))
            {
                Delete(fresh);
                return;
            }

            Directory.Move(full, old);
        }

        Directory.Move(fresh, full);
        Delete(old);
    }

    // Not every file system can; what is wrong with the folders, the renames say.
    private static bool Exchange(string one, string other) => OperatingSystem.IsLinux() && RenameAt(CurrentFolder, one, CurrentFolder, other, flags: 2 /* RENAME_EXCHANGE */) == 0;

    private const int CurrentFolder = -100; // AT_FDCWD

    [DllImport("libc", EntryPoint = "renameat2")]
    private static extern int RenameAt(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int newFolder, [MarshalAs(UnmanagedType.LPUTF8Str)] string newPath, uint flags);

    /// <summary>How many parameters a recipe's net has, and which backward path it takes on this machine.</summary>
    private static (long Parameters, string Backward) NetOf(ModelRecipe recipe, TrainingText? text)
    {
        using var net = recipe is CharacterRecipe characters ? new CharacterModel(text!.Vocabulary, characters.Net).Net : ((SequenceRecipe)recipe).CreateNet();
        net.Backward = recipe.Backward;
        return (net.parameters().Sum(parameter => parameter.numel()), net.Recurrent.EffectiveBackward.ToString().ToLowerInvariant());
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>Files that must be exactly what a manifest says.</summary>
internal static class CheckedFile
{
    private const int LongestText = 16 << 20;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The SHA-256 of a file, in lower-case hexadecimal digits.</summary>
    public static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Opens a file, reads it through once, and returns it at its start, still open, so that no other can take its place.</summary>
    /// <exception cref="InvalidDataException">It is missing, or has another length or hash.</exception>
    public static FileStream Open(string path, string sha256, long? length = null)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (FileNotFoundException problem)
        {
            throw new InvalidDataException($"{path}: expected the file that {ModelFolder.Manifest} names, found none.", problem);
        }

        try
        {
            if (length is { } bytes && bytes != file.Length) // said before anything is read, for what poses as a file may have no end
            {
                throw Wrong(path, $"the {bytes} bytes", file.Length);
            }

            var got = Convert.ToHexStringLower(SHA256.HashData(file));
            if (got != sha256)
            {
                throw Wrong(path, $"the SHA-256 {sha256}", got);
            }

            file.Position = 0;
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a text. Those of a model's folder are small: one of more than 16 MiB, or without an end, is refused.</summary>
    /// <exception cref="InvalidDataException">It is too long, or is not in UTF-8.</exception>
    public static string ReadText(string path)
    {
        using var file = File.OpenRead(path);
        var text = new byte[Math.Min(file.Length, LongestText) + 1];
        var length = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        if (length == text.Length)
        {
            throw new InvalidDataException($"{path}: expected a text of at most {LongestText} bytes, got more.");
        }

        try
        {
            return Utf8.GetString(text, 0, length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{path}: expected UTF-8, got bytes that are none.", problem);
        }
    }

    // A run of train chars replaces one file after the other, the manifest last.
    private static InvalidDataException Wrong(string path, string expected, object got)
    {
        var folder = Path.GetDirectoryName(path)!;
        var what = CheckpointFolder.FilesIn(folder).Count > 0
            ? $"the run was killed while it wrote, and goes on with rnnzoo train chars --resume {folder}, or the file was changed"
            : "the file was changed or damaged, get it anew";
        return new($"{path}: expected {expected} of {ModelFolder.Manifest}, got {got}; {what}.");
    }
}
