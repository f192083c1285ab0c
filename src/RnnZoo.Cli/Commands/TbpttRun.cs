using System.Diagnostics;
using System.Globalization;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Commands;

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class TbpttRun(CliHost host, TbpttSettings settings, bool json, string? outputFolder)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        OutputFolder.Check(host, outputFolder);
        var exact = await MeasureAsync(new RowJob(RowKind.Exact, TbpttSettings.Full, settings), "exact, in segments", cancellation);
        var costs = new List<GradientCost>();
        foreach (var chunk in settings.Chunks)
        {
            costs.Add(await MeasureAsync(new RowJob(RowKind.Chunks, chunk, settings), $"k = {TbpttSettings.Name(chunk)}", cancellation));
        }

        var scores = settings.Updates == 0 ? [] : await TrainAsync(cancellation);
        var full = settings.Chunks.ToList().IndexOf(TbpttSettings.Full);
        var reference = full < 0 ? exact : costs[full];
        TbpttRow Row(int? chunk, GradientCost cost, RecallScore? score) => new(chunk, cost, Cosine.OfAll(cost, reference), Cosine.OfRecurrent(cost, reference), score);
        Report(new TbpttResult(settings, [.. costs.Select((cost, index) => Row(settings.Chunks[index], cost, scores.ElementAtOrDefault(index)))], Row(null, exact, null)), watch.Elapsed);
        return ExitCodes.Success;
    }

    private async Task<GradientCost> MeasureAsync(RowJob job, string name, CancellationToken cancellation)
    {
        host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: the gradient of {settings.Length:#,0} steps"));
        return await job.RunApartAsync<GradientCost>(cancellation);
    }

    // Each training computes on one thread, so they share the machine.
    private async Task<RecallScore[]> TrainAsync(CancellationToken cancellation)
    {
        host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"training to recall after {settings.Delay} steps, up to {settings.Updates:#,0} updates for each k"));
        var scores = new RecallScore[settings.Chunks.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        await Parallel.ForAsync(0, scores.Length, options, async (index, stop) =>
            scores[index] = await new RowJob(RowKind.Train, settings.Chunks[index], settings).RunApartAsync<RecallScore>(stop));
        return scores;
    }

    private void Report(TbpttResult result, TimeSpan elapsed)
    {
        var folder = OutputFolder.Make(host, outputFolder, "tbptt");
        var document = TbpttJson.Write(result);
        AtomicFile.WriteText(Path.Combine(folder, "results.json"), document);
        AtomicFile.WriteText(Path.Combine(folder, "chart.svg"), TbpttCharts.Figure(result).ToSvg() + "\n");
        if (json)
        {
            host.Output.Write(document);
            host.Error.WriteLine($"Written to {folder}");
            return;
        }

        TbpttTable.Write(host, result);
        if (result.Rows.Count > 1)
        {
            host.Output.WriteLine(TerminalLines.Render(TbpttCharts.Memory(result), Math.Min(host.Width, 100)));
        }

        host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Written to {folder}: results.json, chart.svg ({elapsed.TotalSeconds:0.0} s)"));
    }
}
