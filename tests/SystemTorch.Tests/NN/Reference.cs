using System.Text.Json;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Values written by the genuine libraries, read from the folder of fixtures.</summary>
internal static class Reference
{
    /// <summary>The path of a file of the fixtures; skips the test where the folder is missing.</summary>
    public static string PathOrSkip(string folder, string name)
    {
        string directory = Path.Combine(Root(), "fixtures", folder);
        Skip.IfNot(Directory.Exists(directory), $"no reference values at {directory}; set RNNZOO_FIXTURES to their folder");
        return Path.Combine(directory, name);
    }

    public static JsonElement JsonOrSkip(string folder, string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(PathOrSkip(folder, name)));
        return document.RootElement.Clone();
    }

    /// <summary>One tensor: shape, values (or data) and dtype, float64 where none is named.</summary>
    public static Tensor Tensor(JsonElement element)
    {
        JsonElement values = element.TryGetProperty("values", out JsonElement found) ? found : element.GetProperty("data");
        long[] shape = [.. element.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        ScalarType type = element.TryGetProperty("dtype", out JsonElement name) ? Enum.Parse<ScalarType>(name.GetString()!) : ScalarType.Float64;
        double[] data = [.. values.EnumerateArray().Select(value => value.GetDouble())];
        return tensor(data, ScalarType.Float64).reshape(shape).to(type);
    }

    public static Dictionary<string, Tensor> Tensors(JsonElement section)
        => section.EnumerateObject().ToDictionary(entry => entry.Name, entry => Tensor(entry.Value));

    private static string Root()
    {
        if (Environment.GetEnvironmentVariable("RNNZOO_FIXTURES") is { Length: > 0 } chosen)
        {
            return chosen;
        }

        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "RnnZoo.sln")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory?.Parent?.FullName ?? AppContext.BaseDirectory, "shared");
    }
}
