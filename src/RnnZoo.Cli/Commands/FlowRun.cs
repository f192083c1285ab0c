using System.Diagnostics;
using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Files;

namespace RnnZoo.Cli.Commands;

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class FlowRun(CliHost host, FlowSettings settings, bool json, string? outputFolder)
{
    private readonly List<FlowCurve> _curves = [];
    private readonly List<FlowTraining> _trainings = [];

    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var folder = OutputFolder.Make(host, outputFolder, "flow");
        try
        {
            Measure(cancellation);
            Train(cancellation);
        }
        finally
        {
            // An interrupted or a failed run leaves what it got.
            Write(folder, cancellation.IsCancellationRequested);
        }

        var summary = string.Create(CultureInfo.InvariantCulture,
            $"{_curves.Count} curves and {_trainings.Count} trainings in {watch.Elapsed.TotalSeconds:0.0} s. Written to {folder}: {string.Join(", ", Files())}");
        FlowReport.Print(host, settings, Results(cancellation.IsCancellationRequested), json, summary);
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private void Measure(CancellationToken cancellation)
    {
        foreach (var net in FlowNets.Of(settings).TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            _curves.Add(FlowCurve.Measure(net, settings));
        }
    }

    private void Train(CancellationToken cancellation)
    {
        foreach (var model in settings.Trained.TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            host.Error.WriteLine($"training {model} for {settings.Steps} steps…");
            var training = new FlowTraining(model, settings);
            training.Run(cancellation);
            _trainings.Add(training);
        }
    }

    private FlowResults Results(bool isPartial) => new(_curves, _trainings, isPartial);

    private void Write(string folder, bool isPartial)
    {
        AtomicFile.WriteText(Path.Combine(folder, "results.json"), FlowJson.Write(settings, Results(isPartial)));
        if (FlowCharts.Figure(settings, _curves) is { } chart)
        {
            AtomicFile.WriteText(Path.Combine(folder, "chart.svg"), chart.ToSvg() + "\n");
        }

        if (TrainingCharts.Figure(settings, _trainings) is { } training)
        {
            AtomicFile.WriteText(Path.Combine(folder, "training.svg"), training.ToSvg() + "\n");
        }
    }

    private IEnumerable<string> Files()
    {
        string[] pictures = [.. _curves.Count > 0 ? ["chart.svg"] : Array.Empty<string>(), .. _trainings.Exists(training => training.Looks.Count > 0) ? ["training.svg"] : Array.Empty<string>()];
        return pictures.Prepend("results.json");
    }
}
