using System.CommandLine;
using Microsoft.ML.OnnxRuntime;
using RnnZoo.Cells;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Tasks;
using RnnZoo.Zoo;
using Spectre.Console;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo zoo export`: models as files of other formats.</summary>
internal static class ZooExportCommand
{
    public static Command Create(CliHost host)
    {
        var (models, json, name) = (ZooCommand.Models(), Values.Json(), ZooCommand.Name("; with --onnx by default all"));
        var output = Values.Text("--output", "The folder to write weights into; by default one of the model's name", "a folder");
        var onnx = Values.Text("--onnx", "Write ONNX in place of weights: into this file; without NAME, all models into this folder", "a file, or without NAME a folder");
        var check = Values.Flag("--check", "Run each ONNX file in OnnxRuntime, and fail where it differs from the model: outputs and states of up to 100 steps by more than 0.00001, a metric on the same sequences by more than its standard error");
        var sequences = Values.Whole("--sequences", "On how many fresh sequences --check measures; a character model always takes its whole held-out text", ZooVerifyCommand.FewestSequences, 2_048);
        var seed = Values.Seed("--seed", "Where the sequences come from; those of zoo verify with the same seed", 1);
        var data = ZooCommand.Images();
        var command = new ExampleCommand("export", "Writes a model's weights as safetensors and in TorchSharp's format, with its manifest; or models as ONNX, which other programs run.",
            ("rnnzoo zoo export copy-lstm-h128.t100 --output weights", "weights/copy-lstm-h128.t100.safetensors and .dat"),
            ("rnnzoo zoo export copy-lstm-h128.t100 --onnx copy.onnx", "one file, net and weights"),
            ("rnnzoo zoo export --onnx onnx --check", "all models, onnx/NAME.onnx, each compared with OnnxRuntime"))
        { name, output, onnx, check, sequences, seed, data, models, json };
        command.SetAction((parsed, cancellation) => Task.FromResult(ZooCommand.Try(host, () =>
        {
            var catalogue = ZooCommand.Catalogue(host, parsed.GetValue(models));
            if (parsed.GetValue(onnx) is not { } path)
            {
                return parsed.GetValue(check)
                    ? throw new UsageException("--check: expected --onnx PATH beside it, got none; weights are what they are.")
                    : Weights(host, ZooCommand.Find(host, catalogue, parsed.GetValue(name)), parsed.GetValue(output), parsed.GetValue(json));
            }

            if (parsed.GetValue(output) is not null)
            {
                throw new UsageException("--output: expected none together with --onnx, which says where to write; leave one of the two out.");
            }

            var one = parsed.GetValue(name) is { } asked ? ZooCommand.Find(host, catalogue, asked) : null;
            var settings = parsed.GetValue(check) ? new ZooOnnxCheck(parsed.GetValue(sequences), Seeds.Derive(parsed.GetValue(seed), "verification"), ZooCommand.ImagesIn(host, parsed.GetValue(data))) : null;
            return new ZooOnnxRun(host, Files(host, one, one is null ? catalogue.List() : [one], path), settings, parsed.GetValue(json)).Run(cancellation);
        })));
        return command;
    }

    /// <exception cref="UsageException">A folder stands in a file's place, or a file in a folder's.</exception>
    private static (ModelEntry Model, string File)[] Files(CliHost host, ModelEntry? one, IReadOnlyList<ModelEntry> models, string path)
    {
        var full = Path.GetFullPath(Path.Combine(host.WorkingDirectory, path));
        if (one is not null)
        {
            return Directory.Exists(full) ? throw new UsageException($"--onnx: expected the name of a file for one model, got '{path}', which is a folder.") : [(one, full)];
        }

        OutputFolder.Check(host, path, "--onnx");
        Directory.CreateDirectory(full);
        return [.. models.Select(model => (model, Path.Combine(full, $"{model.Name}.onnx")))];
    }

    private static int Weights(CliHost host, ModelEntry entry, string? output, bool json)
    {
        OutputFolder.Check(host, output ?? entry.Name);
        var files = Weights(entry, Path.GetFullPath(Path.Combine(host.WorkingDirectory, output ?? entry.Name)));
        host.Output.Write(json ? Document(entry.Name, files) : string.Join("\n", files) + "\n");
        return ExitCodes.Success;
    }

    private static string[] Weights(ModelEntry entry, string folder)
    {
        using var model = entry.Load();
        Directory.CreateDirectory(folder);
        var copied = new[] { ModelFolder.Manifest, ModelFolder.Vocabulary }.Where(name => File.Exists(entry.File(name))).ToArray();
        string[] files = [Path.Combine(folder, $"{entry.Name}.safetensors"), Path.Combine(folder, $"{entry.Name}.dat"), .. copied.Select(name => Path.Combine(folder, name))];
        AtomicFile.Copy(entry.File(ModelFolder.Weights), files[0]);
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        model.Net.save(writer);
        writer.Flush();
        AtomicFile.Write(files[1], stream => stream.Write(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        foreach (var name in copied)
        {
            AtomicFile.Copy(entry.File(name), Path.Combine(folder, name));
        }

        return files;
    }

    private static string Document(string name, IReadOnlyList<string> files) => JsonText.Write(json =>
    {
        json.WriteString("name", name);
        json.WriteValue("files", files);
    });
}

/// <summary>How files are checked: on how many sequences, from which seed, with the images of which folder.</summary>
internal sealed record ZooOnnxCheck(int Sequences, long Seed, string? Images);

/// <summary>Writes models as ONNX and, if asked to, compares what OnnxRuntime makes of the files with the models.</summary>
internal sealed class ZooOnnxRun(CliHost host, IReadOnlyList<(ModelEntry Model, string File)> models, ZooOnnxCheck? check, bool json)
{
    public int Run(CancellationToken cancellation)
    {
        var rows = new List<ZooOnnxRow>();
        foreach (var (model, file) in models)
        {
            cancellation.ThrowIfCancellationRequested();
            rows.Add(Export(model, file));
        }

        Show(rows);
        foreach (var (name, said) in rows.Select(row => (row.Name, Said: row.Problem ?? row.NotMeasured)).Where(row => row.Said is not null))
        {
            host.Error.WriteLine($"{name}: {said!.ReplaceLineEndings(" ")}");
        }

        if (rows.Count == 0)
        {
            host.Error.WriteLine("zoo export: expected at least one model, found none.");
        }

        return rows.Count > 0 && rows.TrueForAll(row => row.Passed) ? ExitCodes.Success : ExitCodes.Failure;
    }

    private ZooOnnxRow Export(ModelEntry entry, string file)
    {
        try
        {
            using var model = entry.Load();
            OnnxFile.Save(model, file);
            return check is null ? new ZooOnnxRow(entry.Name, file) : Check(model, new ZooOnnxRow(entry.Name, file), check);
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ArgumentException or UnauthorizedAccessException or OnnxRuntimeException)
        {
            return new ZooOnnxRow(entry.Name, file) { Problem = problem.Message };
        }
    }

    private static ZooOnnxRow Check(ZooModel model, ZooOnnxRow row, ZooOnnxCheck check)
    {
        using var runtime = new OnnxRuntimeNet(row.File, get_num_threads());
        var (task, missing) = ZooCommand.TaskOf(model, check.Images);
        row = row with { Difference = LargestDifference(model, task, runtime, check.Seed) };
        if (missing is not null)
        {
            return row with { NotMeasured = $"is compared on random numbers alone, for {missing}" };
        }

        var ours = ModelMeasurement.Again(model, check.Sequences, check.Seed, task: task);
        var theirs = ModelMeasurement.Again(model, check.Sequences, check.Seed, runtime, task);
        return row with
        {
            Metrics = [.. ours.Zip(theirs, (mine, other) => new ZooOnnxMetric(mine.Name, mine.Value, other.Value, mine.StandardError))],
        };
    }

    /// <summary>
    /// Over outputs and final states, in parts of the largest of them where that is above 1: the first 100 steps of several
    /// sequences of the task, a single step, a single sequence, and 100 steps in chunks. Random numbers from 0 to 1 stand in
    /// for the sequences of a task that is not there.
    /// </summary>
    private static double LargestDifference(ZooModel model, ISequenceTask? task, OnnxRuntimeNet runtime, long seed)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var generator = new Generator((ulong)seed);
        return new[] { Of(100, 5), Of(1, 5), Of(100, 1) }.Aggregate(Math.Max); // which is NaN if one is

        double Of(int steps, int batch)
        {
            var all = model.Characters is { Vocabulary.Size: var size }
                ? randint(size, [steps, batch], dtype: ScalarType.Int64, generator: generator) // [T, B]
                : task?.Sample(batch, generator).Input ?? rand([steps, batch, model.Task!.InputSize], generator: generator); // [T, B, I]
            steps = (int)Math.Min(steps, all.size(0));
            var input = all.narrow(0, 0, steps);
            var ours = model.Net.call(input);
            var difference = Between(ours, runtime.call(input, null));
            if (steps > 1)
            {
                var first = runtime.call(input.narrow(0, 0, steps / 2), null);
                var second = runtime.call(input.narrow(0, steps / 2, steps - (steps / 2)), first.State);
                difference = Math.Max(difference, Between(ours, second with { Output = cat([first.Output, second.Output], 0) }));
            }

            return difference;
        }

        static double Between(RecurrentResult a, RecurrentResult b) =>
            new[] { a.Output }.Concat(a.State).Zip(new[] { b.Output }.Concat(b.State), (x, y) => Largest(x.sub(y)) / Math.Max(1, Largest(x))).Aggregate(Math.Max);

        static double Largest(Tensor x) => x.abs().max().Number();
    }

    private void Show(IReadOnlyList<ZooOnnxRow> rows)
    {
        if (json)
        {
            host.Output.Write(Document(rows));
        }
        else if (check is null)
        {
            host.Output.Write(string.Concat(rows.Where(row => row.Problem is null).Select(row => row.File + "\n")));
        }
        else if (rows.Count > 0)
        {
            ReportConsole.Write(host, Table(rows));
        }
    }

    private static Table Table(IReadOnlyList<ZooOnnxRow> rows) => ReportTable.Of(
        TableBorder.Rounded,
        rows.SelectMany(row => row.Metrics.Count == 0 ? [(row, null)] : row.Metrics.Select(metric => (Row: row, Metric: (ZooOnnxMetric?)metric))),
        new("name", line => line.Row.Name),
        new("metric", line => line.Metric?.Name ?? "–"),
        new("TorchSharp", line => line.Metric?.TorchSharp, "0.000000"),
        new("OnnxRuntime", line => line.Metric?.OnnxRuntime, "0.000000"),
        new("allowed", line => line.Metric?.Tolerance, "0.000000"),
        new("difference", line => line.Row.Difference, "0.0e+0"),
        new("result", line => line.Row.Passed ? "[green]passed[/]" : "[red]failed[/]") { IsMarkup = true });

    private string Document(IReadOnlyList<ZooOnnxRow> rows) => JsonText.Write(document =>
    {
        document.WriteBoolean("passed", rows.Count > 0 && rows.All(row => row.Passed));
        document.WriteObjects("models", rows, row =>
        {
            document.WriteString("name", row.Name);
            document.WriteString("file", row.File);
            document.WriteBoolean("passed", row.Passed);
            document.WriteString("problem", row.Problem);
            document.WriteString("notMeasured", row.NotMeasured);
            document.WriteFinite("difference", row.Difference);
            document.WriteObjects("metrics", row.Metrics, metric =>
            {
                document.WriteString("metric", metric.Name);
                document.WriteFinite("torchSharp", metric.TorchSharp);
                document.WriteFinite("onnxRuntime", metric.OnnxRuntime);
                document.WriteFinite("tolerance", metric.Tolerance);
                document.WriteBoolean("passed", metric.Passed);
            });
        });
        RunHeader.Write(document);
        document.WriteString("onnxRuntime", OrtEnv.Instance().GetVersionString());
    });
}

/// <summary>A model and its file.</summary>
internal sealed record ZooOnnxRow(string Name, string File)
{
    private const double MostDifference = 1e-5;

    /// <summary>Why it could not be written or run; null if it could.</summary>
    public string? Problem { get; init; }

    /// <summary>Why no metric was compared though a check was asked for; null if they were.</summary>
    public string? NotMeasured { get; init; }

    /// <summary>The largest difference of outputs and states; null if it was not checked.</summary>
    public double? Difference { get; init; }

    public IReadOnlyList<ZooOnnxMetric> Metrics { get; init; } = [];

    public bool Passed => Problem is null && Difference is null or <= MostDifference && Metrics.All(metric => metric.Passed);
}

/// <summary>A stated metric on the same sequences, by both.</summary>
internal sealed record ZooOnnxMetric(string Name, double? TorchSharp, double? OnnxRuntime, double? StandardError)
{
    /// <summary>How far apart they may be: one standard error, or 1e-4 where nothing is drawn.</summary>
    public double Tolerance => StandardError is > 0 and var error ? error : 1e-4;

    public bool Passed => Math.Abs((TorchSharp - OnnxRuntime) ?? double.NaN) <= Tolerance;
}
