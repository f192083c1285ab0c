using System.Text.Json;

namespace RnnZoo.Verification;

/// <summary>Reads the reference cases that <c>tests/make_pytorch_cases.py</c> writes.</summary>
internal static class PyTorchCaseReader
{
    private const long Largest = 1 << 20;

    /// <summary>Every <c>*.json</c> of a folder, in the order of their names.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">The folder has no case, or a file is not one; the message names it.</exception>
    public static IReadOnlyList<PyTorchCase> ReadFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"{folder}: expected a folder of case files, found none.");
        }

        string[] files = [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? Array.ConvertAll(files, Read)
            : throw new InvalidDataException($"{folder}: expected at least one case file (*.json), found none; make some with tests/make_pytorch_cases.py.");
    }

    /// <summary>One case file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is not a case; the message names the file and what is wrong.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PyTorchCase Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(Path.GetFileNameWithoutExtension(path), document.RootElement);
        }
        catch (Exception problem) when (problem is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: expected a PyTorch reference case: {problem.Message}", problem);
        }
    }

    private static PyTorchCase Read(string name, JsonElement root)
    {
        var module = Text(root, "module");
        if (module is not ("RNN" or "LSTM" or "GRU"))
        {
            throw new InvalidDataException($"module: expected RNN, LSTM or GRU, got {module}.");
        }

        var nonLinearity = Find(root, "nonlinearity") is { ValueKind: JsonValueKind.Null } ? null : Text(root, "nonlinearity");
        if (module == "RNN" && nonLinearity is not ("tanh" or "relu"))
        {
            throw new InvalidDataException($"nonlinearity: expected tanh or relu for an RNN, got {nonLinearity ?? "null"}.");
        }

        return new PyTorchCase
        {
            Name = name,
            Module = module,
            Steps = Size(root, "T"),
            Batch = Size(root, "B"),
            InputSize = Size(root, "I"),
            HiddenSize = Size(root, "H"),
            Layers = Size(root, "layers"),
            Bidirectional = Flag(root, "bidirectional"),
            Bias = Flag(root, "bias"),
            BatchFirst = Flag(root, "batch_first"),
            NonLinearity = nonLinearity,
            Parameters = Tensors(root, "parameters"),
            Inputs = Tensors(root, "inputs"),
            Outputs = Tensors(root, "outputs"),
            Gradients = Tensors(root, "grads"),
        };
    }

    private static JsonElement Find(JsonElement parent, string name) => parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value)
        ? value
        : throw new InvalidDataException($"{name}: expected this property, found none.");

    private static string Text(JsonElement parent, string name) => Find(parent, name) is { ValueKind: JsonValueKind.String } value
        ? value.GetString()!
        : throw new InvalidDataException($"{name}: expected a string, got {Find(parent, name).ValueKind}.");

    private static bool Flag(JsonElement parent, string name) => Find(parent, name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value
        ? value.GetBoolean()
        : throw new InvalidDataException($"{name}: expected true or false, got {Find(parent, name).ValueKind}.");

    private static long Size(JsonElement parent, string name) =>
        Find(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var size) && size is > 0 and <= Largest
            ? size
            : throw new InvalidDataException($"{name}: expected a whole number from 1 to {Largest}, got {Find(parent, name).GetRawText()}.");

    private static Dictionary<string, CaseTensor> Tensors(JsonElement root, string section)
    {
        var tensors = new Dictionary<string, CaseTensor>();
        if (Find(root, section) is not { ValueKind: JsonValueKind.Object } found)
        {
            throw new InvalidDataException($"{section}: expected an object of tensors, got {Find(root, section).ValueKind}.");
        }

        foreach (var item in found.EnumerateObject())
        {
            var place = $"{section}.{item.Name}";
            long[] shape = [.. Numbers(item.Value, "shape", place).Select(number => number.TryGetInt64(out var size) && size > 0
                ? size
                : throw new InvalidDataException($"{place}.shape: expected whole numbers above 0, got {number.GetRawText()}."))];
            double[] data = [.. Numbers(item.Value, "data", place).Select(number => number.GetDouble())];
            var count = shape.Aggregate(1.0, (product, size) => product * size);
            if (data.Length != count || !Array.TrueForAll(data, double.IsFinite))
            {
                throw new InvalidDataException($"{place}.data: expected {count} finite numbers for shape [{string.Join(", ", shape)}], got {data.Length}, {data.Count(double.IsFinite)} of them finite.");
            }

            if (!tensors.TryAdd(item.Name, new CaseTensor(shape, data)))
            {
                throw new InvalidDataException($"{place}: expected each tensor once, got it twice.");
            }
        }

        return tensors;
    }

    private static IEnumerable<JsonElement> Numbers(JsonElement tensor, string name, string place)
    {
        if (tensor.ValueKind != JsonValueKind.Object || !tensor.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException($"{place}.{name}: expected an array of numbers.");
        }

        return list.EnumerateArray().Select(number => number.ValueKind == JsonValueKind.Number
            ? number
            : throw new InvalidDataException($"{place}.{name}: expected numbers, got {number.GetRawText()}."));
    }
}
