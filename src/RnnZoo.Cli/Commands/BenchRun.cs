using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>One benchmark from its settings to its report.</summary>
internal sealed class BenchRun(CliHost host, BenchSettings settings, bool json)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var former = get_num_threads();
        try
        {
            var result = await MeasureAsync(cancellation);
            Report(result, watch.Elapsed);
            return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
        }
        finally
        {
            set_num_threads(former);
        }
    }

    private async Task<BenchResult> MeasureAsync(CancellationToken cancellation)
    {
        var counts = settings.Threads.Prepend(1).Distinct().ToArray();
        var peaks = counts.ToDictionary(threads => threads, PeakLoop.Measure);
        var measurement = new BenchMeasurement(settings.Seconds);
        var groups = settings.Groups().ToArray();
        List<BenchRow> rows = [];
        for (var index = 0; index < groups.Length && !cancellation.IsCancellationRequested; index++)
        {
            var group = groups[index];
            Progress($"{index + 1}/{groups.Length}: {group.Cell} {group.Size}, {group.Threads} thread{(group.Threads == 1 ? "" : "s")}");
            rows.AddRange(measurement.Run(group, cancellation));
        }

        Progress("memory of each path, in processes of their own");
        var measured = rows.ToArray();
        await MeasureMemoryAsync(measured, cancellation);
        foreach (var threads in counts)
        {
            peaks[threads] = peaks[threads].With(PeakLoop.Measure(threads));
        }

        EndProgress();
        return new BenchResult(peaks, measured, settings.Forward);
    }

    // Memory does not depend on what runs beside, so the processes share the machine. An interrupted run has none for the rest.
    private static async Task MeasureMemoryAsync(BenchRow[] rows, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        try
        {
            await Parallel.ForAsync(0, rows.Length, options, async (index, stop) =>
            {
                var row = rows[index];
                var bytes = await MemoryProbe.ExtraBytesAsync(row.Group, row.Path, stop);
                rows[index] = row with { ExtraMegabytes = bytes / 1e6 };
            });
        }
        catch (OperationCanceledException)
        {
            return; // what was measured is reported
        }
    }

    private void Report(BenchResult result, TimeSpan elapsed)
    {
        foreach (var disturbance in result.Disturbances())
        {
            host.Error.WriteLine($"disturbed: {disturbance}; run it again on a quiet machine.");
        }

        if (json)
        {
            host.Output.Write(BenchJson.Write(result));
        }
        else
        {
            BenchTable.Write(host, result);
        }

        (json ? host.Error : host.Output).WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Rows.Count} rows in {elapsed.TotalSeconds:0} s."));
    }

    private void Progress(string text)
    {
        EndProgress();
        var width = host.Width - 1;
        host.Error.Write(host.ErrorIsTerminal ? (text.Length > width ? text[..width] : text) : text + Environment.NewLine);
        host.Error.Flush();
    }

    private void EndProgress()
    {
        if (host.ErrorIsTerminal)
        {
            host.Error.Write("\r" + new string(' ', host.Width - 1) + "\r");
        }
    }
}
