using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Zoo;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo zoo verify`: measures what the models state.</summary>
internal static class ZooVerifyCommand
{
    public const int FewestSequences = 2_000;

    public static Command Create(CliHost host)
    {
        var (models, json, name) = (ZooCommand.Models(), Values.Json(), ZooCommand.Name("; by default all"));
        var sequences = Values.Whole("--sequences", "On how many fresh sequences to measure; a character model always takes its whole held-out text", FewestSequences, 2_048);
        var seed = Values.Seed("--seed", "Where the sequences come from; they are never those of a training", 1);
        var data = ZooCommand.Images();
        var command = new ExampleCommand("verify",
            "Measures every stated metric again on fresh data, and fails where one is off by more than three standard errors of both measurements, a file is not the stated one, or nothing could be measured.",
            ("rnnzoo zoo verify", "all models"),
            ("rnnzoo zoo verify copy-lstm-h128.t100 --json", "one, for programs"))
        { name, sequences, seed, data, models, json };
        command.SetAction((parsed, cancellation) => Task.FromResult(ZooCommand.Try(host, () =>
        {
            var catalogue = ZooCommand.Catalogue(host, parsed.GetValue(models));
            var chosen = parsed.GetValue(name) is { } one ? [ZooCommand.Find(host, catalogue, one)] : catalogue.List();
            return new ZooVerifyRun(host, chosen, parsed.GetValue(sequences), parsed.GetValue(seed), ZooCommand.ImagesIn(host, parsed.GetValue(data)), parsed.GetValue(json)).Run(cancellation);
        })));
        return command;
    }
}

/// <summary>Measures every stated metric of models again.</summary>
internal sealed class ZooVerifyRun(CliHost host, IReadOnlyList<ModelEntry> models, int sequences, long seed, string? images, bool json)
{
    public int Run(CancellationToken cancellation)
    {
        var rows = new List<ZooVerifyRow>();
        foreach (var model in models)
        {
            cancellation.ThrowIfCancellationRequested();
            rows.AddRange(Check(model));
        }

        var passed = rows.Any(row => row.Passed == true) && rows.TrueForAll(row => row.Passed != false);
        if (json)
        {
            host.Output.Write(Document(passed, rows));
        }
        else if (rows.Count > 0)
        {
            ReportConsole.Write(host, Table(rows));
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
            var (task, missing) = ZooCommand.TaskOf(model, images);
            if (missing is not null)
            {
                return [new ZooVerifyRow(entry.Name, null, null, null, null, null, $"is not measured, for {missing}")];
            }

            var again = ModelMeasurement.Again(model, sequences, Seeds.Derive(seed, "verification"), task: task).ToDictionary(metric => metric.Name);
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
        var file = entry.File(ModelFolder.Log);
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

    private static Table Table(IReadOnlyList<ZooVerifyRow> rows) => ReportTable.Of(
        TableBorder.Rounded,
        rows,
        new("name", row => row.Name),
        new("metric", row => row.Metric ?? "–"),
        new("stated", row => row.Stated, "0.000000"),
        new("measured", row => row.Measured, "0.000000"),
        new("may differ by", row => row.Tolerance, "0.000000"),
        new("result", row => row.Passed switch { true => "[green]passed[/]", false => "[red]failed[/]", null => "not measured" }) { IsMarkup = true });

    private static string Document(bool passed, IReadOnlyList<ZooVerifyRow> rows) => JsonText.Write(json =>
    {
        json.WriteBoolean("passed", passed);
        json.WriteObjects("models", rows, row =>
        {
            json.WriteString("name", row.Name);
            json.WriteString("metric", row.Metric);
            json.WriteFinite("stated", row.Stated);
            json.WriteFinite("measured", row.Measured);
            json.WriteFinite("tolerance", row.Tolerance);
            if (row.Passed is { } rowPassed)
            {
                json.WriteBoolean("passed", rowPassed);
            }
            else
            {
                json.WriteNull("passed");
            }

            json.WriteString("problem", row.Problem);
        });
        RunHeader.Write(json);
    });
}

/// <summary>One stated metric and what it is when it is measured again; without a metric, why the model could not be measured. Passed is null where its images are not here.</summary>
internal sealed record ZooVerifyRow(string Name, string? Metric, double? Stated, double? Measured, double? Tolerance, bool? Passed, string? Problem);
