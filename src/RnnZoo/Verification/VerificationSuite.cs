using RnnZoo.Bptt;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>
/// The default verification: every net of <see cref="RecurrentNets"/> (the IRNN is a vanilla net with ReLU), with 1 and 2
/// layers, one and both directions. Each in float64 and float32 against autograd and, where libtorch has it, native, and on a smaller
/// net against finite differences.
/// </summary>
internal static class VerificationSuite
{
    /// <summary>Runs it.</summary>
    /// <param name="seed">The seed of the parameters and of everything that is drawn.</param>
    /// <param name="progress">Is given each report as it is ready; null for none. What it throws ends the run.</param>
    /// <param name="nets">Which of <see cref="RecurrentNets.Names"/> to verify; null for all.</param>
    /// <returns>All comparisons.</returns>
    /// <exception cref="ArgumentException"><paramref name="nets"/> is empty or has an unknown one.</exception>
    /// <exception cref="BackwardFailedException">A backward pass failed.</exception>
    public static GradientReport Run(ulong seed = 1, Action<GradientReport>? progress = null, IReadOnlyCollection<string>? nets = null)
    {
        if (nets?.Count == 0)
        {
            throw new ArgumentException($"nets: expected some of {string.Join(", ", RecurrentNets.Names)}, got none.");
        }

        var reports = new List<GradientReport>();
        foreach (var net in (nets ?? RecurrentNets.Names).Select(RecurrentNets.Named).ToArray())
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

        void Check(RecurrentNet net, long layers, bool bidirectional, long inputSize, long hiddenSize, ScalarType dtype, GradientCheckOptions options)
        {
            var module = net.Make(new NetOptions(inputSize, hiddenSize, layers) { Bidirectional = bidirectional, DType = dtype });
            using var owner = (nn.Module)module;
            Draw(owner, seed);
            var report = GradientCheck.Run(module, net.Name, options);
            reports.Add(report);
            progress?.Invoke(report);
        }
    }

    // As torch.nn draws them, but from a seed of our own.
    private static void Draw(nn.Module module, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var generator = new Generator(seed);
        var bound = 1 / Math.Sqrt(((IRecurrentModule)module).HiddenSize);
        foreach (var parameter in module.parameters())
        {
            parameter.copy_(rand(parameter.shape, dtype: ScalarType.Float64, generator: generator).mul(Scalars.Of(2 * bound)).sub(Scalars.Of(bound)));
        }
    }
}
