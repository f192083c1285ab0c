using RnnZoo.Files;

namespace RnnZoo.Zoo;

/// <summary>Writes the folder of a model, whole or not at all.</summary>
public static class ModelFolderWriter
{
    /// <summary>Writes the files that are made of manifest and log, beside weights (and text) that are there already.</summary>
    /// <param name="folder">The folder, which holds the weights.</param>
    /// <param name="manifest">The model, trained.</param>
    /// <param name="log">Its log.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void WriteTexts(string folder, ModelManifest manifest, IReadOnlyList<TrainingLogEntry> log)
    {
        TrainingLog.Write(Path.Combine(folder, ModelFiles.Log), log);
        AtomicFile.WriteText(Path.Combine(folder, ModelFiles.Curve), TrainingCurve.Draw(manifest, log).ToSvg() + "\n");
        AtomicFile.WriteText(Path.Combine(folder, ModelFiles.Card), ModelCard.Write(manifest, log));
        AtomicFile.WriteText(Path.Combine(folder, ModelFiles.Manifest), ManifestJson.Write(manifest));
    }

    /// <summary>
    /// Puts a copy of a folder in another's place: the copy is made beside it and then takes its name, so that a program
    /// that is killed leaves the old folder or the new one. Killed between two renames, the old one waits beside under the
    /// name <c>.NAME.old</c>, and the next call begins by giving it its name back.
    /// </summary>
    /// <param name="source">The folder to copy.</param>
    /// <param name="target">The folder to replace; it need not exist.</param>
    /// <exception cref="IOException">A file cannot be written; the old folder is left as it was.</exception>
    public static void Install(string source, string target)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        var (parent, name) = (Path.GetDirectoryName(full)!, Path.GetFileName(full));
        var (fresh, old) = (Path.Combine(parent, $".{name}.new"), Path.Combine(parent, $".{name}.old"));
        Recover(full, fresh, old);
        Directory.CreateDirectory(fresh);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, Path.Combine(fresh, Path.GetFileName(file)));
        }

        if (Directory.Exists(full))
        {
            Directory.Move(full, old);
        }

        Directory.Move(fresh, full);
        Delete(old);
    }

    private static void Recover(string target, string fresh, string old)
    {
        Delete(fresh);
        if (!Directory.Exists(target) && Directory.Exists(old))
        {
            Directory.Move(old, target);
        }

        Delete(old);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
