using System.Diagnostics;
using System.Globalization;
using RnnZoo.Cells;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Gradients;
using RnnZoo.Plots;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class LyapunovRun(CliHost host, LyapunovSettings settings, bool json, string? outputFolder)
{
    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        OutputFolder.Check(host, outputFolder);
        LyapunovNet net;
        try
        {
            net = LyapunovNet.Create(settings, host.WorkingDirectory);
        }
        catch (Exception problem) when (settings.Weights is not null && problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            host.Error.WriteLine("--weights: " + problem.Message.ReplaceLineEndings(" "));
            return ExitCodes.Failure;
        }

        using (net)
        {
            var results = Measure(net, cancellation);
            var folder = OutputFolder.Make(host, outputFolder, "lyapunov");
            Report(net, results, folder, watch.Elapsed);
        }

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

    private void Report(LyapunovNet net, List<LyapunovResult> results, string folder, TimeSpan elapsed)
    {
        var document = LyapunovJson.Write(settings, net, results);
        var figure = LyapunovCharts.Figure(settings, net, results);
        AtomicFile.WriteText(Path.Combine(folder, "results.json"), document);
        AtomicFile.WriteText(Path.Combine(folder, "chart.svg"), figure.ToSvg() + "\n");
        if (json)
        {
            host.Output.Write(document);
            host.Error.WriteLine($"Written to {folder}");
            return;
        }

        LyapunovTable.Write(host, net, results);
        host.Output.WriteLine(TerminalLines.Render(LyapunovCharts.Settling(results[0]), Math.Min(host.Width, 100)));
        host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Written to {folder}: results.json, chart.svg ({elapsed.TotalSeconds:0.0} s)"));
    }
}
