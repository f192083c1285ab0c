using System.Text.Json;
using System.Text.Json.Serialization;
using RnnZoo.Files;
using RnnZoo.Training;

namespace RnnZoo.Cli.Chars;

/// <summary>The folder of one training, which one process at a time may write into.</summary>
internal sealed class CharsFolder : IDisposable
{
    private const string SettingsFile = "settings.json";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, NewLine = "\n", Converters = { new JsonStringEnumConverter() } };

    private readonly FileStream _lock;

    private CharsFolder(string path)
    {
        Path = path;
        try
        {
            _lock = new FileStream(File("run.lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException problem)
        {
            throw new IOException($"{path}: expected a folder that no other training writes into; another one does, or the folder is read-only: {problem.Message}", problem);
        }

        Checkpoints = new CheckpointFolder(path);
        foreach (var half in Directory.EnumerateFiles(path, "*.part"))
        {
            System.IO.File.Delete(half); // a run that was killed left it
        }
    }

    public string Path { get; }

    public CheckpointFolder Checkpoints { get; }

    /// <summary>Begins a training: earlier checkpoints there are deleted.</summary>
    public static CharsFolder Begin(string path, CharsSettings settings)
    {
        var folder = new CharsFolder(path);
        foreach (var file in folder.Checkpoints.Files.Append(folder.File(SettingsFile)))
        {
            System.IO.File.Delete(file);
        }

        AtomicFile.WriteText(folder.File(SettingsFile), JsonSerializer.Serialize(settings, Json) + "\n");
        return folder;
    }

    /// <summary>Goes on with a training that was begun.</summary>
    /// <exception cref="InvalidDataException">The folder holds none.</exception>
    public static (CharsFolder Folder, CharsSettings Settings) Open(string path)
    {
        var file = System.IO.Path.Combine(path, SettingsFile);
        if (!System.IO.File.Exists(file))
        {
            throw new InvalidDataException($"{path}: expected the folder of a run of train chars, which has a {SettingsFile}, found none.");
        }

        try
        {
            var settings = JsonSerializer.Deserialize<CharsSettings>(System.IO.File.ReadAllText(file), Json)
                ?? throw new InvalidDataException($"{file}: expected an object, got null.");
            settings.Shape.Validate();
            settings.Training.Validate();
            return (new CharsFolder(path), settings);
        }
        catch (Exception problem) when (problem is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{file}: expected the settings of a run of train chars: {problem.Message}", problem);
        }
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _lock.Dispose();
}
