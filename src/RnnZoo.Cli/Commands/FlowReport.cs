using System.Globalization;
using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>What a run prints: for programs the JSON alone, for people a table, a chart and maps.</summary>
internal static class FlowReport
{
    public static void Print(CliHost host, FlowSettings settings, FlowResults results, bool json, string summary)
    {
        if (json)
        {
            host.Output.Write(FlowJson.Write(settings, results));
            host.Error.WriteLine(summary);
            return;
        }

        var width = Math.Min(host.Width, 100);
        host.Output.WriteLine("Share of the gradient that is left d steps back in time; the prediction is for the last column.");
        ReportConsole.Write(host, FlowTable.Create(settings, results.Curves));
        if ((FlowCharts.Scaled(results.Curves, "vanilla") ?? FlowCharts.Scaled(results.Curves, "linear")) is { } chart)
        {
            host.Output.WriteLine(TerminalLines.Render(chart with { Series = [.. chart.Series.Where(line => !line.Dashed)] }, width));
        }

        foreach (var training in results.Trainings.Where(training => training.Looks.Count > 0))
        {
            host.Output.WriteLine(TerminalHeat.Render(TrainingCharts.Map(training, results.Trainings), width));
        }

        host.Output.WriteLine(summary);
    }
}

/// <summary>The curves for people to read: how much of the gradient is left after some distances.</summary>
internal static class FlowTable
{
    public static Table Create(FlowSettings settings, IReadOnlyList<FlowCurve> curves)
    {
        var table = new Table().Border(TableBorder.Simple);
        int[] distances = [.. new[] { 1, 10, 30, settings.Length }.Where(distance => distance <= settings.Length).Distinct()];
        table.AddColumn("model").AddColumn(new TableColumn("setting").NoWrap()).AddColumn("of");
        table.AddColumns([.. distances.Select(distance => new TableColumn($"d = {distance}").RightAligned().NoWrap())]);
        table.AddColumn(new TableColumn("predicted").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("per step").RightAligned().NoWrap());
        foreach (var curve in curves)
        {
            string[] cells =
            [
                curve.Net.Model,
                curve.Net.Setting,
                curve.Net.State,
                .. distances.Select(distance => Number(curve.Norms.Mean[distance - 1])),
                curve.Kind is null ? "" : (curve.Kind == "exact" ? "= " : "≤ ") + Number(curve.Predicted![^1]),
                Rate(Math.Pow(curve.Norms.Mean[^1], 1.0 / settings.Length)),
            ];
            table.AddRow([.. cells.Select(cell => new Text(cell))]);
        }

        return table;
    }

    private static string Number(double? value)
        => value is { } number && double.IsFinite(number) ? number.ToString("0.0e+00", CultureInfo.InvariantCulture) : "–";

    private static string Rate(double value) => double.IsFinite(value) ? "×" + value.ToString("0.000", CultureInfo.InvariantCulture) : "–";
}

/// <summary>A measurement as one JSON document, for files and for `--json`. Numbers that are not finite are null.</summary>
internal static class FlowJson
{
    private const string Measured = "geometric mean over sequences of |dL/ds_(T-d)| / |dL/ds_T|, L = v'h_T with v from N(0, 1), L2 norms over the hidden size; s is the curve's state";

    public static string Write(FlowSettings settings, FlowResults results) => JsonText.Write(json =>
    {
        json.WriteString("command", "flow");
        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteString("version", VersionAction.Version);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteNumber("seed", settings.Seed);
        json.WriteString("dtype", "float64");
        json.WriteNumber("length", settings.Length);
        json.WriteNumber("sequences", settings.Sequences);
        json.WriteNumber("hidden", settings.Hidden);
        json.WriteNumber("inputs", FlowDefaults.Inputs);
        json.WriteString("measures", Measured);
        json.WriteBoolean("partial", results.IsPartial);
        json.WriteStartArray("curves");
        foreach (var curve in results.Curves)
        {
            WriteCurve(json, curve);
        }

        json.WriteEndArray();
        json.WriteStartArray("training");
        foreach (var training in results.Trainings)
        {
            WriteTraining(json, settings, training);
        }

        json.WriteEndArray();
    }, indented: false);

    private static void WriteCurve(Utf8JsonWriter json, FlowCurve curve)
    {
        json.WriteStartObject();
        json.WriteString("model", curve.Net.Model);
        json.WriteString("setting", curve.Net.Setting);
        json.WriteString("state", curve.Net.State);
        json.WriteFinite("spectralNorm", curve.SpectralNorm);
        json.WritePropertyName("distance");
        JsonSerializer.Serialize(json, Enumerable.Range(1, curve.Norms.Mean.Count));
        WriteNumbers(json, "measured", curve.Norms.Mean);
        WriteNumbers(json, "lowest", curve.Norms.Lowest);
        WriteNumbers(json, "highest", curve.Norms.Highest);
        WriteNumbers(json, "measuredHidden", curve.Flow.Cell is null ? null : curve.Flow.Hidden.Mean);
        WriteNumbers(json, "predicted", curve.Predicted);
        json.WriteString("kind", curve.Kind);
        json.WriteEndObject();
    }

    private static void WriteTraining(Utf8JsonWriter json, FlowSettings settings, FlowTraining training)
    {
        json.WriteStartObject();
        json.WriteString("model", training.Model);
        json.WriteString("task", training.Task.Name);
        json.WriteNumber("delay", training.Task.Delay);
        json.WriteString("dtype", "float32");
        json.WriteString("init", training.Initialisation);
        json.WriteNumber("learningRate", training.LearningRate);
        json.WriteNumber("batch", FlowTraining.Batch);
        json.WriteNumber("clip", CompareTasks.Copy.Clip);
        json.WriteNumber("stepLimit", settings.Steps);
        json.WriteNumber("steps", training.Result!.Steps);
        json.WriteString("ended", training.Result.Reason.Name(training.Task.Metric.Name));
        json.WriteFinite("loss", training.Result.Final?.Loss);
        json.WriteFinite("baseline", training.Task.Baseline);
        json.WriteFinite("recall", training.Result.Final?.Metric);
        json.WritePropertyName("timestep");
        JsonSerializer.Serialize(json, Enumerable.Range(1, training.Task.Length));
        json.WritePropertyName("step");
        JsonSerializer.Serialize(json, training.Looks.Select(look => look.Step));
        WriteNumbers(json, "losses", [.. training.Looks.Select(look => look.Loss)]);
        WriteRows(json, "hidden", training.Looks, look => look.Hidden);
        WriteRows(json, "hiddenThroughTime", training.Looks, look => look.Recurrent);
        WriteRows(json, "cell", training.Looks, look => look.Cell);
        json.WriteEndObject();
    }

    /// <summary>One row per look, one number per timestep.</summary>
    private static void WriteRows(Utf8JsonWriter json, string name, IReadOnlyList<FlowLook> looks, Func<FlowLook, IReadOnlyList<double>?> norms)
    {
        if (looks.All(look => norms(look) is null))
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (var look in looks)
        {
            WriteArray(json, norms(look)!, single: true);
        }

        json.WriteEndArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<double>? numbers)
    {
        if (numbers is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WritePropertyName(name);
        WriteArray(json, numbers);
    }

    private static void WriteArray(Utf8JsonWriter json, IReadOnlyList<double> numbers, bool single = false)
    {
        json.WriteStartArray();
        foreach (var number in numbers)
        {
            switch (number)
            {
                case var _ when !double.IsFinite(number):
                    json.WriteNullValue();
                    break;
                case var _ when single:
                    json.WriteNumberValue((float)number); // what float32 training knows of it
                    break;
                default:
                    json.WriteNumberValue(number);
                    break;
            }
        }

        json.WriteEndArray();
    }
}
