using System.IO.Enumeration;

namespace RnnZoo.Zoo;

/// <summary>The models of some folders. Each model is a folder with a <c>model.json</c> in it; of two with one name, that of the earlier folder counts.</summary>
public sealed class ModelCatalogue
{
    /// <summary>The environment variable that names the user's own folders, separated as in PATH.</summary>
    public const string PathVariable = "RNNZOO_PATH";

    private const string FolderName = "models";

    private readonly Dictionary<string, ModelEntry> _models = new(StringComparer.Ordinal);

    /// <summary>Looks through folders.</summary>
    /// <param name="folders">The folders; each must exist.</param>
    /// <exception cref="DirectoryNotFoundException">One is missing; the message names it.</exception>
    public ModelCatalogue(params IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
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
    /// <param name="pattern">A name, in which <c>*</c> stands for any letters and <c>?</c> for any one.</param>
    public IReadOnlyList<ModelEntry> List(string pattern = "*") =>
        [.. _models.Values.Where(model => FileSystemName.MatchesSimpleExpression(pattern, model.Name, ignoreCase: false)).OrderBy(model => model.Name, StringComparer.Ordinal)];

    /// <summary>A model.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentException">There is none of that name; the message lists what there is.</exception>
    public ModelEntry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _models.TryGetValue(name, out var model) ? model : throw new ArgumentException(
            $"name: expected a model ({(_models.Count == 0 ? "of which there are none" : string.Join(", ", List().Select(known => known.Name)))}) in {(Folders.Count == 0 ? "a folder that holds some; name one in " + PathVariable : string.Join(", ", Folders))}, got '{name}'.");
    }

    private static bool IsModel(string folder) =>
        !Path.GetFileName(folder).StartsWith('.') && File.Exists(Path.Combine(folder, ModelFiles.Manifest));

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
