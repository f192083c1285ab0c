using RnnZoo.Cli.Report;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>Measures every stated metric of models again.</summary>
internal sealed class ZooVerifyRun(CliHost host, IReadOnlyList<ModelEntry> models, int sequences, long seed, bool json)
{
    public int Run(CancellationToken cancellation)
    {
        var rows = new List<ZooVerifyRow>();
        foreach (var model in models)
        {
            cancellation.ThrowIfCancellationRequested();
            rows.AddRange(Check(model));
        }

        var passed = rows.Count > 0 && rows.TrueForAll(row => row.Passed);
        if (json)
        {
            host.Output.Write(ZooJson.Verification(passed, rows));
        }
        else if (rows.Count > 0)
        {
            ReportConsole.Write(host, ZooTables.Verification(rows));
        }

        foreach (var row in rows.Where(row => row.Problem is not null))
        {
            host.Error.WriteLine($"{row.Name}: {row.Problem!.ReplaceLineEndings(" ")}");
        }

        if (rows.Count == 0)
        {
            host.Error.WriteLine("zoo verify: expected at least one model, found none; where nothing is checked, nothing passes.");
        }

        return passed ? ExitCodes.Success : ExitCodes.Failure;
    }

    private IReadOnlyList<ZooVerifyRow> Check(ModelEntry entry)
    {
        try
        {
            using var model = entry.Load();
            var result = model.Manifest.Result!;
            CheckLog(entry, result);
            var again = ModelMeasurement.Again(model, sequences, Seeds.Derive(seed, "verification")).ToDictionary(metric => metric.Name);
            return [.. result.Metrics.Select(stated => Compare(entry.Name, stated, again.GetValueOrDefault(stated.Name)))];
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ArgumentException or UnauthorizedAccessException)
        {
            return [new ZooVerifyRow(entry.Name, null, null, null, null, false, problem.Message)];
        }
    }

    private static ZooVerifyRow Compare(string name, MetricValue stated, MetricValue? measured)
    {
        if (measured is null)
        {
            return new ZooVerifyRow(name, stated.Name, stated.Value, null, null, false, $"{stated.Name}: expected a metric that can be measured, got one that the task does not have.");
        }

        var tolerance = ModelMeasurement.Tolerance(stated, measured);
        return new ZooVerifyRow(name, stated.Name, stated.Value, measured.Value, tolerance, Math.Abs((measured.Value - stated.Value) ?? double.NaN) <= tolerance, null);
    }

    /// <exception cref="InvalidDataException">The log does not end with the weights.</exception>
    private static void CheckLog(ModelEntry entry, ModelResult result)
    {
        var file = entry.File(ModelFiles.Log);
        if (!File.Exists(file))
        {
            throw new InvalidDataException($"{file}: expected the training log, found none.");
        }

        var last = TrainingLog.Read(file).LastOrDefault();
        if (last?.WeightsSha256 != result.WeightsSha256)
        {
            throw new InvalidDataException($"{file}: expected a log that ends with the SHA-256 {result.WeightsSha256} of the weights, got one that ends with {last?.WeightsSha256 ?? "none"}.");
        }
    }
}
