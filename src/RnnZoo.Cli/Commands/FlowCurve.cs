using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>Gradient norms against distance of one net, and what is known of them beforehand.</summary>
/// <param name="Net">The net.</param>
/// <param name="Flow">What was measured.</param>
/// <param name="SpectralNorm">‖W‖ of the linear and the vanilla nets.</param>
internal sealed record FlowCurve(FlowNet Net, GradientFlow Flow, double? SpectralNorm)
{
    /// <summary>The norms of the state that the curve is about.</summary>
    public FlowNorms Norms => Flow.Cell ?? Flow.Hidden;

    /// <summary>w^d, exact for W = w·Q without a nonlinearity; ‖W‖^d, an upper bound for slopes of at most 1; else null.</summary>
    public IReadOnlyList<double>? Predicted => (Net.Model == "linear" ? Net.Norm : SpectralNorm) is { } norm
        ? [.. Enumerable.Range(1, Norms.Mean.Count).Select(distance => Math.Pow(norm, distance))]
        : null;

    /// <summary>What the prediction is.</summary>
    public string? Kind => Net.Model == "linear" ? "exact" : SpectralNorm is null ? null : "bound";

    /// <summary>Measures a net on sequences that are the same for every net of a run.</summary>
    public static FlowCurve Measure(FlowNet net, FlowSettings settings)
    {
        using var scope = NewDisposeScope();
        using var data = new Generator((ulong)Seeds.Derive(settings.Seed, "flow data"));
        var input = randn(settings.Length, settings.Sequences, FlowDefaults.Inputs, dtype: ScalarType.Float64, generator: data); // [T, B, I]
        var cotangent = randn(settings.Sequences, settings.Hidden, dtype: ScalarType.Float64, generator: data); // [B, H]
        var module = net.Create(FlowDefaults.Inputs, settings.Hidden, Seeds.Derive(settings.Seed, "flow weights"));
        using var owner = (nn.Module)module;
        return new FlowCurve(net, GradientFlow.Measure(module, input, cotangent), SpectralNormOf(module));
    }

    private static double? SpectralNormOf(IRecurrentModule module)
    {
        if (module is not VanillaRnn net)
        {
            return null;
        }

        using var noGrad = no_grad();
        return linalg.svdvals(((ElmanCell)net.CellAt(0)).weight_hh)[0].ToDouble(); // [H] → []
    }
}
