using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>Saves and loads the state of modules as safetensors, under PyTorch's names.</summary>
public static class SafeTensorsModuleExtensions
{
    /// <summary>Writes a module's parameters and buffers.</summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file; one that exists is replaced once the new one is whole.</param>
    /// <param name="metadata">Notes for the header; none if null.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void SaveSafeTensors(this nn.Module module, string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        SafeTensors.Save(path, module.state_dict(), metadata);
    }

    /// <summary>
    /// Reads a file into a module, one tensor at a time. Nothing is changed unless all names and shapes fit; element types
    /// may differ and are converted to the module's.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file.</param>
    /// <param name="strict">Whether the file must have exactly the module's names; if not, those that both have are read.</param>
    /// <returns>The module's names that the file lacks, and the file's that the module lacks; both empty if strict.</returns>
    /// <exception cref="InvalidDataException">The file breaks the format, or a name or shape does not fit; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static (IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected) LoadSafeTensors(this nn.Module module, string path, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var file = SafeTensorsFile.Open(path);
        return module.LoadSafeTensors(file, path, strict);
    }

    internal static (IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected) LoadSafeTensors(this nn.Module module, SafeTensorsFile file, string path, bool strict)
    {
        var own = module.state_dict();
        string[] missing = [.. own.Keys.Where(name => !file.Contains(name))];
        string[] unexpected = [.. file.Entries.Select(entry => entry.Name).Where(name => !own.ContainsKey(name))];
        if (strict && missing.Length + unexpected.Length > 0)
        {
            throw new InvalidDataException($"{path}: expected exactly the tensors of {module.GetName()}; missing: {Some(missing)}; unexpected: {Some(unexpected)}.");
        }

        var shared = file.Entries.Where(entry => own.ContainsKey(entry.Name)).ToArray();
        foreach (var entry in shared)
        {
            if (!entry.Shape.SequenceEqual(own[entry.Name].shape))
            {
                throw new InvalidDataException($"{path}: {entry.Name}: expected shape [{string.Join(", ", own[entry.Name].shape)}], got [{string.Join(", ", entry.Shape)}]; the file comes from a module of other sizes.");
            }
        }

        using var noTape = no_grad();
        foreach (var entry in shared)
        {
            using var scope = NewDisposeScope();
            own[entry.Name].copy_(file.Read(entry.Name));
        }

        return (missing, unexpected);
    }

    private static string Some(string[] names) => names.Length switch
    {
        0 => "none",
        <= 8 => string.Join(", ", names.Select(Printable.Of)),
        _ => $"{string.Join(", ", names.Take(8).Select(Printable.Of))} and {names.Length - 8} more",
    };
}
