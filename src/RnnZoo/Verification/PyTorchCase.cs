using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>
/// A reference case from PyTorch, as <c>tests/make_pytorch_cases.py</c> writes it: a net with inputs, outputs and the gradients
/// of Σ output · grad_output + Σ hn · grad_hn (+ Σ cn · grad_cn), in float64.
/// </summary>
internal sealed record PyTorchCase
{
    private const long LargestSize = 1 << 20;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNameCaseInsensitive = false,
        NumberHandling = JsonNumberHandling.Strict,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The file's name without its ending.</summary>
    [JsonIgnore]
    public string Name { get; private init; } = "";

    /// <summary><c>RNN</c>, <c>LSTM</c> or <c>GRU</c>.</summary>
    public required string Module { get; init; }

    /// <summary>T.</summary>
    [JsonPropertyName("T")]
    public required long Steps { get; init; }

    /// <summary>B.</summary>
    [JsonPropertyName("B")]
    public required long Batch { get; init; }

    /// <summary>I.</summary>
    [JsonPropertyName("I")]
    public required long InputSize { get; init; }

    /// <summary>H.</summary>
    [JsonPropertyName("H")]
    public required long HiddenSize { get; init; }

    /// <summary>L.</summary>
    public required long Layers { get; init; }

    /// <summary>Whether there are two directions.</summary>
    public required bool Bidirectional { get; init; }

    /// <summary>Whether there are biases.</summary>
    public required bool Bias { get; init; }

    /// <summary>Whether input and output are [B, T, ·].</summary>
    [JsonPropertyName("batch_first")]
    public required bool BatchFirst { get; init; }

    /// <summary><c>tanh</c> or <c>relu</c> for an RNN, else null.</summary>
    [JsonPropertyName("nonlinearity")]
    public required string? NonLinearity { get; init; }

    /// <summary>By PyTorch's keys.</summary>
    public required IReadOnlyDictionary<string, CaseTensor> Parameters { get; init; }

    /// <summary>input, h0, (c0,) grad_output, grad_hn (, grad_cn).</summary>
    public required IReadOnlyDictionary<string, CaseTensor> Inputs { get; init; }

    /// <summary>output, hn (, cn).</summary>
    public required IReadOnlyDictionary<string, CaseTensor> Outputs { get; init; }

    /// <summary>input, h0 (, c0) and every parameter.</summary>
    [JsonPropertyName("grads")]
    public required IReadOnlyDictionary<string, CaseTensor> Gradients { get; init; }

    /// <summary>The largest relative error of a case, per tensor.</summary>
    public const double Tolerance = 1e-10;

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
            var read = JsonSerializer.Deserialize<PyTorchCase>(File.ReadAllBytes(path), Json) ?? throw new InvalidDataException("expected an object, got null.");
            read.ThrowIfImpossible();
            return read with { Name = Path.GetFileNameWithoutExtension(path) };
        }
        catch (Exception problem) when (problem is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: expected a PyTorch reference case: {problem.Message}", problem);
        }
    }

    /// <summary>This library's module for the case, with the case's parameters. The caller disposes it.</summary>
    /// <exception cref="InvalidDataException">The parameters are not those of such a module.</exception>
    public IRecurrentModule MakeModule()
    {
        // Before anything of a size that only the file claims is made.
        if (Layers > Parameters.Count)
        {
            throw new InvalidDataException($"{Name}: layers: expected at most one for each of the {Parameters.Count} parameters, got {Layers}.");
        }

        IRecurrentModule made = Module switch
        {
            "LSTM" => new Lstm(InputSize, HiddenSize, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: ScalarType.Float64),
            "GRU" => new Gru(InputSize, HiddenSize, Layers, Bias, BatchFirst, 0, Bidirectional, dtype: ScalarType.Float64),
            _ => new VanillaRnn(InputSize, HiddenSize, Layers, NonLinearity == "relu" ? Activation.Relu : Activation.Tanh, Bias, BatchFirst, 0, Bidirectional, dtype: ScalarType.Float64),
        };
        try
        {
            using var scope = NewDisposeScope();
            var module = (nn.Module)made;
            CaseCheck.Section(Name, "parameters", Parameters, module.state_dict().ToDictionary(item => item.Key, item => item.Value.shape));
            module.load_state_dict(Parameters.ToDictionary(item => item.Key, item => item.Value.ToTensor()));
            return made;
        }
        catch
        {
            ((nn.Module)made).Dispose();
            throw;
        }
    }

    /// <summary>Checks that parameters, inputs, outputs and gradients are those of the module, by key and by shape; computes nothing.</summary>
    /// <exception cref="InvalidDataException">They are not; the message names the case and what is wrong.</exception>
    public void ThrowIfInvalid()
    {
        var module = MakeModule();
        using var owner = (nn.Module)module;
        CaseCheck.Tensors(this, module);
    }

    /// <summary>Outputs and gradients of every path that the module has, against the case.</summary>
    /// <returns>One comparison for each tensor and path, to <see cref="Tolerance"/>.</returns>
    /// <exception cref="InvalidDataException">The case's tensors do not fit its module.</exception>
    public GradientReport Check()
    {
        using var scope = NewDisposeScope();
        var module = MakeModule();
        using var owner = (nn.Module)module;
        CaseCheck.Tensors(this, module);
        string[] parts = module.StateSizes.Count == 2 ? ["h", "c"] : ["h"];
        var sample = new CheckedSequence(
            Inputs["input"].ToTensor(),
            new RecurrentState([.. parts.Select(part => Inputs[part + "0"].ToTensor())]),
            [Inputs["grad_output"].ToTensor(), .. parts.Select(part => Inputs[$"grad_{part}n"].ToTensor())]);
        var expected = new PathResult(Tensors(Outputs), Tensors(Gradients));
        var results = GradientCheck.Supported(module).Select(path => (Name: PathNames.Of(path), Result: PathResult.Of(module, path, sample))).ToList();
        if (PathResult.OfEquations(module, sample) is { } equations)
        {
            results.Add((PathNames.Equations, equations));
        }

        return GradientReport.Join(results.Select(path =>
        {
            var builder = new ReportBuilder(RecurrentNets.NameOf(module), Name, path.Name, "float64");
            builder.Compare("pytorch", path.Result, expected, Tolerance);
            return builder.Report();
        }));
    }

    // What the types alone do not say.
    private void ThrowIfImpossible()
    {
        if (Module is not ("RNN" or "LSTM" or "GRU"))
        {
            throw new InvalidDataException($"module: expected RNN, LSTM or GRU, got {Module}.");
        }

        if (Module == "RNN" && NonLinearity is not ("tanh" or "relu"))
        {
            throw new InvalidDataException($"nonlinearity: expected tanh or relu for an RNN, got {NonLinearity ?? "null"}.");
        }

        foreach (var (name, size) in new[] { ("T", Steps), ("B", Batch), ("I", InputSize), ("H", HiddenSize), ("layers", Layers) })
        {
            if (size is < 1 or > LargestSize)
            {
                throw new InvalidDataException($"{name}: expected a whole number from 1 to {LargestSize}, got {size}.");
            }
        }

        foreach (var (section, tensors) in new[] { ("parameters", Parameters), ("inputs", Inputs), ("outputs", Outputs), ("grads", Gradients) })
        {
            foreach (var (key, value) in tensors)
            {
                value.ThrowIfImpossible($"{section}.{key}");
            }
        }
    }

    private static Dictionary<string, Tensor> Tensors(IReadOnlyDictionary<string, CaseTensor> section) =>
        section.ToDictionary(item => item.Key, item => item.Value.ToTensor());
}

/// <summary>A tensor of a case file.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Data">Its numbers, row by row.</param>
internal sealed record CaseTensor(IReadOnlyList<long> Shape, IReadOnlyList<double> Data)
{
    /// <summary>Checks that there are as many numbers as the shape says.</summary>
    /// <param name="place">Where it stands in the file, for the message.</param>
    public void ThrowIfImpossible(string place)
    {
        if (Shape.Any(size => size < 1))
        {
            throw new InvalidDataException($"{place}.shape: expected whole numbers above 0, got {Check.Show(Shape)}.");
        }

        var count = Shape.Aggregate(1.0, (product, size) => product * size);
        if (Data.Count != count || !Data.All(double.IsFinite))
        {
            throw new InvalidDataException($"{place}.data: expected {count} finite numbers for shape {Check.Show(Shape)}, got {Data.Count}, {Data.Count(double.IsFinite)} of them finite.");
        }
    }

    /// <summary>The same as a new float64 tensor on the CPU.</summary>
    public Tensor ToTensor() => tensor([.. Data], dtype: ScalarType.Float64).reshape([.. Shape]);
}

/// <summary>Whether a case file holds what its module needs: nothing is left out of a comparison without a word.</summary>
internal static class CaseCheck
{
    /// <summary>Keys and shapes of inputs, outputs and gradients.</summary>
    public static void Tensors(PyTorchCase @case, IRecurrentModule module)
    {
        string[] leading = [.. module.StateSizes.Select((_, part) => part == 0 ? "h" : "c")];
        long[] rows = [.. @case.BatchFirst ? [@case.Batch, @case.Steps] : new[] { @case.Steps, @case.Batch }];
        long[] state = [module.NumLayers * module.NumDirections, @case.Batch, @case.HiddenSize];
        var outputs = new Dictionary<string, long[]> { ["output"] = [.. rows, module.NumDirections * module.HiddenSize] };
        var inputs = new Dictionary<string, long[]> { ["input"] = [.. rows, module.InputSize] };
        foreach (var part in leading)
        {
            inputs[part + "0"] = state;
            outputs[part + "n"] = state;
        }

        var gradients = new Dictionary<string, long[]>(inputs);
        foreach (var (key, parameter) in ((nn.Module)module).named_parameters())
        {
            gradients[key] = parameter.shape;
        }

        foreach (var (key, shape) in outputs)
        {
            inputs["grad_" + key] = shape;
        }

        Section(@case.Name, "inputs", @case.Inputs, inputs);
        Section(@case.Name, "outputs", @case.Outputs, outputs);
        Section(@case.Name, "grads", @case.Gradients, gradients);
    }

    public static void Section(string name, string section, IReadOnlyDictionary<string, CaseTensor> tensors, Dictionary<string, long[]> shapes)
    {
        string[] missing = [.. shapes.Keys.Except(tensors.Keys)];
        string[] unknown = [.. tensors.Keys.Except(shapes.Keys)];
        if (missing.Length + unknown.Length > 0)
        {
            throw new InvalidDataException($"{name}: {section}: expected {string.Join(", ", shapes.Keys)}; missing: {Check.Some(missing)}; unknown: {Check.Some(unknown)}.");
        }

        foreach (var (key, shape) in shapes)
        {
            if (!tensors[key].Shape.SequenceEqual(shape))
            {
                throw new InvalidDataException($"{name}: {section}.{key}: expected shape {Check.Show(shape)}, got {Check.Show(tensors[key].Shape)}.");
            }
        }
    }
}
