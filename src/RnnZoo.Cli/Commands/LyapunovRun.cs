using System.Diagnostics;
using RnnZoo.Cells;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class LyapunovRun(CliHost host, LyapunovSettings settings, bool json, string? outputFolder)
{
    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        OutputFolder.Check(host, outputFolder);
        using var net = InputException.Read("--weights", () => LyapunovNet.Create(settings, host.WorkingDirectory));
        var results = Measure(net, cancellation);
        var folder = OutputFolder.Make(host, outputFolder, "lyapunov");
        LyapunovReport.Write(host, settings, net, results, folder, json, watch.Elapsed);
        return ExitCodes.Success;
    }

    private List<LyapunovResult> Measure(LyapunovNet net, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var steps = settings.WarmUp + settings.Steps;
        using var generator = new Generator((ulong)Seeds.Derive(settings.Seed, "input"));
        var input = randn([steps, 1, net.Module.InputSize], dtype: ScalarType.Float64, generator: generator).mul(settings.Input); // [T, 1, I]
        var results = new List<LyapunovResult>();
        for (var layer = 0; layer < net.Module.NumLayers; layer++)
        {
            for (var direction = 0; direction < net.Module.NumDirections; direction++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var trajectory = JacobianTrajectory.Of(net.Module, input, layer: layer, direction: direction);
                var measured = LyapunovExponents.Of(trajectory, new LyapunovOptions
                {
                    Count = (int)Math.Min(settings.Exponents, trajectory.StateSize),
                    WarmUp = settings.WarmUp,
                    Seed = (int)(Seeds.Derive(settings.Seed, "directions") & int.MaxValue),
                }, cancellation);
                results.Add(new LyapunovResult(layer, direction, measured, trajectory.Cell is ElmanCell elman ? PowerLaw.Of(elman) : null));
            }
        }

        return results;
    }
}

/// <summary>The net to measure, in float64: fresh, or read from a file.</summary>
/// <param name="Module">The net.</param>
/// <param name="Cell">Its name in the registry.</param>
internal sealed record LyapunovNet(IRecurrentModule Module, string Cell) : IDisposable
{
    private const int FreshInputs = 10;

    public static LyapunovNet Create(LyapunovSettings settings, string workingDirectory)
    {
        if (settings.Weights is { } file)
        {
            return WeightsFile.Read(Path.Combine(workingDirectory, file));
        }

        manual_seed(Seeds.Derive(settings.Seed, "weights"));
        var net = RecurrentNets.Named(settings.Cell).Make(new NetOptions(FreshInputs, settings.Hidden) { DType = ScalarType.Float64 });
        using var generator = new Generator((ulong)Seeds.Derive(settings.Seed, "initialisation"));
        Initialisers.Named(settings.Init, settings.Steps).Apply(net, generator);
        if (settings.Gain is { } gain)
        {
            Scale((GatedCell)net.CellAt(0), gain);
        }

        return new LyapunovNet(net, settings.Cell);
    }

    public void Dispose() => ((nn.Module)Module).Dispose();

    /// <summary>Gives each gate's recurrent block a spectral norm.</summary>
    private static void Scale(GatedCell cell, double gain)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        for (var gate = 0; gate < cell.Gates.Count; gate++)
        {
            var block = cell.weight_hh.narrow(0, gate * cell.HiddenSize, cell.HiddenSize); // [H, H]
            block.mul_(gain / linalg.svdvals(block).max().item<double>());
        }
    }
}

/// <summary>What was measured in one layer and direction.</summary>
/// <param name="Layer">From 0.</param>
/// <param name="Direction">0 forwards, 1 backwards.</param>
/// <param name="Measured">The exponents.</param>
/// <param name="Law">What the recurrent matrix of a vanilla net says; null for others.</param>
internal sealed record LyapunovResult(int Layer, int Direction, LyapunovExponents Measured, PowerLaw? Law)
{
    public string Name => $"layer {Layer}" + (Direction == 1 ? " backwards" : "");
}
