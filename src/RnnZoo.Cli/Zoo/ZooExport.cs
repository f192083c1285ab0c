using RnnZoo.Files;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>Writes a model's weights for other programs.</summary>
internal static class ZooExport
{
    /// <summary>The weights as safetensors and in TorchSharp's own format, and the manifest.</summary>
    /// <returns>The files.</returns>
    public static IReadOnlyList<string> Write(ModelEntry entry, string folder)
    {
        using var model = entry.Load();
        Directory.CreateDirectory(folder);
        var copied = new[] { ModelFiles.Manifest, ModelFiles.Vocabulary }.Where(name => File.Exists(entry.File(name))).ToArray();
        string[] files = [Path.Combine(folder, $"{entry.Name}.safetensors"), Path.Combine(folder, $"{entry.Name}.dat"), .. copied.Select(name => Path.Combine(folder, name))];
        Copy(entry.File(ModelFiles.Weights), files[0]);
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        model.Net.save(writer);
        writer.Flush();
        AtomicFile.Write(files[1], stream => stream.Write(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        foreach (var name in copied)
        {
            Copy(entry.File(name), Path.Combine(folder, name));
        }

        return files;
    }

    private static void Copy(string from, string to) => AtomicFile.Write(to, stream =>
    {
        using var file = File.OpenRead(from);
        file.CopyTo(stream);
    });
}
