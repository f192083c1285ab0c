using System.Text.Json;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>One reference case from PyTorch: parameters, inputs, outputs and gradients in float64.</summary>
internal sealed class PyTorchFixture
{
    private readonly JsonElement _root;

    private PyTorchFixture(JsonElement root) => _root = root;

    public static string[] Names { get; } = ["rnn-tanh", "rnn-relu-2layer", "lstm", "lstm-2layer-bidirectional", "gru"];

    public NetCase Net => new(
        _root.GetProperty("nonlinearity").GetString() == "relu" ? "RELU" : _root.GetProperty("module").GetString()!,
        _root.GetProperty("layers").GetInt64(),
        _root.GetProperty("bidirectional").GetBoolean(),
        _root.GetProperty("bias").GetBoolean(),
        _root.GetProperty("batch_first").GetBoolean(),
        _root.GetProperty("I").GetInt64(),
        _root.GetProperty("H").GetInt64());

    /// <summary>Reads a case, or skips the test where the folder of fixtures is missing.</summary>
    public static PyTorchFixture ReadOrSkip(string name)
    {
        var folder = Path.Combine(Folder(), "fixtures", "pytorch");
        Skip.IfNot(Directory.Exists(folder), $"no reference cases at {folder}; set RNNZOO_FIXTURES to their folder");
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, name + ".json")));
        return new PyTorchFixture(document.RootElement.Clone());
    }

    /// <summary>The named tensors of a section: parameters, inputs, outputs or grads.</summary>
    public Dictionary<string, Tensor> Section(string section) =>
        _root.GetProperty(section).EnumerateObject().ToDictionary(item => item.Name, item => Read(item.Value));

    private static Tensor Read(JsonElement element)
    {
        double[] data = [.. element.GetProperty("data").EnumerateArray().Select(value => value.GetDouble())];
        long[] shape = [.. element.GetProperty("shape").EnumerateArray().Select(value => value.GetInt64())];
        return tensor(data, dtype: ScalarType.Float64).reshape(shape);
    }

    private static string Folder()
    {
        if (Environment.GetEnvironmentVariable("RNNZOO_FIXTURES") is { Length: > 0 } folder)
        {
            return folder;
        }

        return Path.Combine(Repository.Root, "..", "shared");
    }
}
