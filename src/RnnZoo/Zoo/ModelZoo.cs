using System.IO.Enumeration;

namespace RnnZoo.Zoo;

/// <summary>
/// The trained models that come with RnnZoo, and those of the folders that the environment variable RNNZOO_PATH names:
/// <code>
/// using var model = ModelZoo.Load("copy-lstm-h128.t100");
/// </code>
/// </summary>
public static class ModelZoo
{
    /// <summary>The models whose names fit a pattern, by name.</summary>
    /// <param name="pattern">A name, in which <c>*</c> stands for any letters and <c>?</c> for any one.</param>
    /// <exception cref="DirectoryNotFoundException">A folder of RNNZOO_PATH is missing; the message names it.</exception>
    public static IReadOnlyList<ModelEntry> List(string pattern = "*") => ModelCatalogue.Default().List(pattern);

    /// <summary>Makes a model and reads its weights, which must be exactly those that the manifest states.</summary>
    /// <param name="name">Its name, or the path of its folder, as <c>rnnzoo train chars</c> writes one.</param>
    /// <returns>The model, ready to run; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">There is none of that name; the message lists what there is.</exception>
    /// <exception cref="InvalidDataException">It is not trained, or a file is missing, damaged or not the manifest's; the message names it.</exception>
    /// <exception cref="IOException">A file cannot be read, or a folder of RNNZOO_PATH is missing.</exception>
    public static ZooModel Load(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ModelCatalogue.Default().Find(name).Load();
    }
}

/// <summary>The models of some folders. Each model is a folder with a <c>model.json</c> in it; of two with one name, that of the earlier folder counts.</summary>
internal sealed class ModelCatalogue
{
    /// <summary>The environment variable that names the user's own folders, separated as in PATH.</summary>
    public const string PathVariable = "RNNZOO_PATH";

    private const string FolderName = "models";

    private readonly Dictionary<string, ModelEntry> _models = new(StringComparer.Ordinal);

    /// <exception cref="DirectoryNotFoundException">A folder is missing; the message names it.</exception>
    public ModelCatalogue(params IReadOnlyList<string> folders)
    {
        Folders = [.. folders.Select(Path.GetFullPath)];
        foreach (var folder in Folders)
        {
            if (!Directory.Exists(folder))
            {
                throw new DirectoryNotFoundException($"{folder}: expected a folder of models, found none.");
            }

            foreach (var model in Directory.EnumerateDirectories(folder).Where(IsModel))
            {
                _models.TryAdd(Path.GetFileName(model), new ModelEntry(Path.GetFileName(model), model));
            }
        }
    }

    /// <summary>The full paths of the folders.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>
    /// The folders of RNNZOO_PATH, and then the folder <c>models</c> that is nearest to the application: beside it, or
    /// above it as in a checkout.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">A folder of RNNZOO_PATH is missing; the message names it.</exception>
    public static ModelCatalogue Default()
    {
        var listed = (Environment.GetEnvironmentVariable(PathVariable) ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (Array.Find(listed, folder => !Directory.Exists(folder)) is { } missing)
        {
            throw new DirectoryNotFoundException($"{PathVariable}: expected folders of models that exist, found none at {Path.GetFullPath(missing)}; make it, or take it out of {PathVariable}.");
        }

        return Nearest() is { } own ? new ModelCatalogue([.. listed, own]) : new ModelCatalogue(listed);
    }

    /// <summary>The models whose names fit a pattern, by name.</summary>
    public IReadOnlyList<ModelEntry> List(string pattern = "*") =>
        [.. _models.Values.Where(model => FileSystemName.MatchesSimpleExpression(pattern, model.Name, ignoreCase: false)).OrderBy(model => model.Name, StringComparer.Ordinal)];

    /// <summary>The model of a name; where none has it, that in a folder of this path.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists what there is.</exception>
    /// <exception cref="InvalidDataException">The <c>model.json</c> of the folder is damaged.</exception>
    public ModelEntry Find(string name)
    {
        if (_models.TryGetValue(name, out var model))
        {
            return model;
        }

        return ModelEntry.At(name) ?? throw new ArgumentException(
            $"name: expected a model ({(_models.Count == 0 ? "of which there are none" : string.Join(", ", List().Select(known => known.Name)))}) in {(Folders.Count == 0 ? "a folder that holds some; name one in " + PathVariable : string.Join(", ", Folders))}, got '{name}'.");
    }

    private static bool IsModel(string folder) =>
        !Path.GetFileName(folder).StartsWith('.') && File.Exists(Path.Combine(folder, ModelFolder.Manifest));

    private static string? Nearest()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var models = Path.Combine(folder.FullName, FolderName);
            if (Directory.Exists(models) && Directory.EnumerateDirectories(models).Any(IsModel))
            {
                return models;
            }
        }

        return null;
    }
}

/// <summary>A model that was found: in a catalogue, or by its path.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">The full path of its folder.</param>
public sealed record ModelEntry(string Name, string Folder)
{
    /// <summary>Makes the model and reads its weights.</summary>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">It is not trained, or a file is missing, damaged or not the manifest's; the message names it.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ZooModel Load() => ZooModel.Load(this);

    /// <summary>The model in a folder, whatever the folder is called; null if it has no <c>model.json</c>.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message names file and field.</exception>
    internal static ModelEntry? At(string folder)
    {
        var file = Path.Combine(Path.GetFullPath(folder), ModelFolder.Manifest);
        return System.IO.File.Exists(file) ? new ModelEntry(ModelManifest.Read(file).Name, Path.GetFullPath(folder)) : null;
    }

    /// <exception cref="InvalidDataException">The file is damaged, or is of another model; the message names file and field.</exception>
    internal ModelManifest ReadManifest()
    {
        var manifest = ModelManifest.Read(File(ModelFolder.Manifest));
        return manifest.Name == Name
            ? manifest
            : throw new InvalidDataException($"{File(ModelFolder.Manifest)}: name: expected '{Name}', the folder's, got '{manifest.Name}'.");
    }

    /// <summary>The path of one of its files.</summary>
    internal string File(string name) => Path.Combine(Folder, name);
}
