using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>
/// A reference case from PyTorch: a net with inputs, outputs and the gradients of
/// Σ output · grad_output + Σ hn · grad_hn (+ Σ cn · grad_cn), in float64.
/// </summary>
public sealed record PyTorchCase
{
    /// <summary>The file's name without its ending.</summary>
    public required string Name { get; init; }

    /// <summary><c>RNN</c>, <c>LSTM</c> or <c>GRU</c>.</summary>
    public required string Module { get; init; }

    /// <summary>T.</summary>
    public required long Steps { get; init; }

    /// <summary>B.</summary>
    public required long Batch { get; init; }

    /// <summary>I.</summary>
    public required long InputSize { get; init; }

    /// <summary>H.</summary>
    public required long HiddenSize { get; init; }

    /// <summary>L.</summary>
    public required long Layers { get; init; }

    /// <summary>Whether there are two directions.</summary>
    public required bool Bidirectional { get; init; }

    /// <summary>Whether there are biases.</summary>
    public required bool Bias { get; init; }

    /// <summary>Whether input and output are [B, T, ·].</summary>
    public required bool BatchFirst { get; init; }

    /// <summary><c>tanh</c> or <c>relu</c> for an RNN, else null.</summary>
    public required string? NonLinearity { get; init; }

    /// <summary>By PyTorch's keys.</summary>
    public required IReadOnlyDictionary<string, CaseTensor> Parameters { get; init; }

    /// <summary>input, h0, (c0,) grad_output, grad_hn (, grad_cn).</summary>
    public required IReadOnlyDictionary<string, CaseTensor> Inputs { get; init; }

    /// <summary>output, hn (, cn).</summary>
    public required IReadOnlyDictionary<string, CaseTensor> Outputs { get; init; }

    /// <summary>input, h0 (, c0) and every parameter.</summary>
    public required IReadOnlyDictionary<string, CaseTensor> Gradients { get; init; }

    /// <summary>The largest relative error of a case, per tensor.</summary>
    public const double Tolerance = 1e-10;

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
            CaseCheck.Keys(Name, "parameters", Parameters, module.state_dict().Keys);
            foreach (var (key, parameter) in module.named_parameters())
            {
                CaseCheck.Shape(Name, key, Parameters[key], parameter.shape);
            }

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
        var sample = new Sample(
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

    private static Dictionary<string, Tensor> Tensors(IReadOnlyDictionary<string, CaseTensor> section) =>
        section.ToDictionary(item => item.Key, item => item.Value.ToTensor());
}
