namespace RnnZoo.Zoo;

/// <summary>A model that was found in a catalogue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">The full path of its folder.</param>
public sealed record ModelEntry(string Name, string Folder)
{
    /// <summary>Reads its manifest.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or is of another model; the message names file and field.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public ModelManifest ReadManifest()
    {
        var manifest = ManifestJson.Read(File(ModelFiles.Manifest));
        return manifest.Name == Name
            ? manifest
            : throw new InvalidDataException($"{File(ModelFiles.Manifest)}: name: expected '{Name}', the folder's, got '{manifest.Name}'.");
    }

    /// <summary>Makes the model and reads its weights.</summary>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">It is not trained, or a file is missing, damaged or not the manifest's; the message names it.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ZooModel Load() => ZooModel.Load(this);

    /// <summary>The path of one of its files.</summary>
    /// <param name="name">The file's name.</param>
    public string File(string name) => Path.Combine(Folder, name);
}
