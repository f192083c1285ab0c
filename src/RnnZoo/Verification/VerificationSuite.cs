using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>
/// The default verification: every cell of <see cref="Cells"/>, the vanilla one with tanh and ReLU, with 1 and 2 layers, one
/// and both directions. Each in float64 and float32 against autograd and, where libtorch has it, native, and on a smaller
/// net against finite differences.
/// </summary>
public static class VerificationSuite
{
    private static readonly (string Cell, string Net)[] AllNets =
    [
        ("vanilla", "tanh"), ("vanilla", "relu"), ("lstm", "lstm"), ("gru", "gru"), ("layernorm-lstm", "layernorm-lstm"), ("mingru", "mingru"),
        ("orthogonal", "orthogonal"), ("indrnn", "indrnn"),
    ];

    /// <summary>The cells that it knows, by the names of <see cref="SequenceModel.Create"/>.</summary>
    public static IReadOnlyList<string> Cells { get; } = [.. AllNets.Select(item => item.Cell).Distinct()];

    /// <summary>How many kinds of net it makes of them.</summary>
    internal static int NetCount => AllNets.Length;

    /// <summary>Runs it.</summary>
    /// <param name="seed">The seed of the parameters and of everything that is drawn.</param>
    /// <param name="progress">Is given each report as it is ready; null for none. What it throws ends the run.</param>
    /// <param name="cells">Which of <see cref="Cells"/> to verify; null for all.</param>
    /// <returns>All comparisons.</returns>
    /// <exception cref="ArgumentException"><paramref name="cells"/> is empty or has an unknown one.</exception>
    /// <exception cref="BackwardFailedException">A backward pass failed.</exception>
    public static GradientReport Run(ulong seed = 1, Action<GradientReport>? progress = null, IReadOnlyCollection<string>? cells = null)
    {
        if (cells is not null && (cells.Count == 0 || cells.Except(Cells).Any()))
        {
            throw new ArgumentException($"cells: expected some of {string.Join(", ", Cells)}, got {(cells.Count == 0 ? "none" : string.Join(", ", cells))}.");
        }

        var reports = new List<GradientReport>();
        foreach (var (_, net) in AllNets.Where(item => cells is null || cells.Contains(item.Cell)))
        {
            foreach (var layers in new[] { 1, 2 })
            {
                foreach (var bidirectional in new[] { false, true })
                {
                    var options = new GradientCheckOptions { Seed = seed };
                    Check(net, layers, bidirectional, 5, 11, ScalarType.Float64, options with { FiniteDifferences = false });
                    Check(net, layers, bidirectional, 5, 11, ScalarType.Float32, options with { FiniteDifferences = false });
                    Check(net, layers, bidirectional, 7, 5, ScalarType.Float64, options with { Steps = 3, Batch = 2 });
                }
            }
        }

        return GradientReport.Join(reports);

        void Check(string net, long layers, bool bidirectional, long inputSize, long hiddenSize, ScalarType dtype, GradientCheckOptions options)
        {
            var module = Make(net, layers, bidirectional, inputSize, hiddenSize, dtype);
            using var owner = (nn.Module)module;
            Draw(owner, seed);
            var report = GradientCheck.Run(module, options);
            reports.Add(report);
            progress?.Invoke(report);
        }
    }

    private static IRecurrentModule Make(string net, long layers, bool bidirectional, long inputSize, long hiddenSize, ScalarType dtype) => net switch
    {
        "lstm" => new Lstm(inputSize, hiddenSize, layers, bidirectional: bidirectional, dtype: dtype),
        "gru" => new Gru(inputSize, hiddenSize, layers, bidirectional: bidirectional, dtype: dtype),
        "layernorm-lstm" => new LayerNormLstm(inputSize, hiddenSize, layers, bidirectional: bidirectional, dtype: dtype),
        "mingru" => new MinGru(inputSize, hiddenSize, layers, bidirectional: bidirectional, dtype: dtype),
        "orthogonal" => new OrthogonalRnn(inputSize, hiddenSize, layers, bidirectional: bidirectional, dtype: dtype),
        "indrnn" => new IndRnn(inputSize, hiddenSize, layers, bidirectional: bidirectional, dtype: dtype),
        "relu" => new VanillaRnn(inputSize, hiddenSize, layers, Activation.Relu, bidirectional: bidirectional, dtype: dtype),
        _ => new VanillaRnn(inputSize, hiddenSize, layers, Activation.Tanh, bidirectional: bidirectional, dtype: dtype),
    };

    // As torch.nn draws them, but from a seed of our own.
    private static void Draw(nn.Module module, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var generator = new Generator(seed);
        var bound = 1 / Math.Sqrt(((IRecurrentModule)module).HiddenSize);
        foreach (var parameter in module.parameters())
        {
            parameter.copy_(rand(parameter.shape, dtype: ScalarType.Float64, generator: generator).mul(2 * bound).sub(bound));
        }
    }
}
