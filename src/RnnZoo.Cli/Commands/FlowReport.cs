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
    private const string Share = "0.0e+00";
    private const string Measured = "geometric mean over sequences of |dL/ds_(T-d)| / |dL/ds_T|, L = v'h_T with v from N(0, 1), L2 norms over the hidden size; s is the curve's state";

    public static void Print(CliHost host, FlowSettings settings, FlowResults results, bool json, string summary)
    {
        if (json)
        {
            host.Output.Write(Document(settings, results));
            host.Error.WriteLine(summary);
            return;
        }

        var width = Math.Min(host.Width, 100);
        host.Output.WriteLine("Share of the gradient that is left d steps back in time; the prediction is for the last column.");
        ReportConsole.Write(host, CreateTable(settings, results.Curves));
        if ((FlowCharts.Scaled(results.Curves, "vanilla") ?? FlowCharts.Scaled(results.Curves, "linear")) is { } chart)
        {
            host.Output.WriteLine(TerminalLines.Render(chart with { Series = [.. chart.Series.Where(line => !line.Dashed)] }, width));
        }

        foreach (var training in results.Trainings.Where(training => training.Looks.Count > 0))
        {
            host.Output.WriteLine(TerminalHeat.Render(FlowCharts.Map(training, results.Trainings), width));
        }

        host.Output.WriteLine(summary);
    }

    /// <summary>The JSON document, for files and for `--json`. Numbers that are not finite are null.</summary>
    public static string Document(FlowSettings settings, FlowResults results) => JsonText.Write(json =>
    {
        json.WriteString("command", "flow");
        RunHeader.Write(json, settings.Seed, dtype: "float64");
        json.WriteNumber("length", settings.Length);
        json.WriteNumber("sequences", settings.Sequences);
        json.WriteNumber("hidden", settings.Hidden);
        json.WriteNumber("inputs", FlowCurve.Inputs);
        json.WriteString("measures", Measured);
        json.WriteBoolean("partial", results.IsPartial);
        json.WriteObjects("curves", results.Curves, curve => WriteCurve(json, curve));
        json.WriteObjects("training", results.Trainings, training => WriteTraining(json, training));
    }, indented: false);

    private static void WriteCurve(Utf8JsonWriter json, FlowCurve curve)
    {
        json.WriteString("model", curve.Net.Model);
        json.WriteString("setting", curve.Net.Setting);
        json.WriteString("state", curve.State);
        json.WriteFinite("spectralNorm", curve.SpectralNorm);
        json.WriteValue("distance", Enumerable.Range(1, curve.Norms.Mean.Count));
        json.WriteNumbers("measured", curve.Norms.Mean);
        json.WriteNumbers("lowest", curve.Norms.Lowest);
        json.WriteNumbers("highest", curve.Norms.Highest);
        json.WriteNumbers("measuredHidden", curve.Flow.Cell is null ? null : curve.Flow.Hidden.Mean);
        json.WriteNumbers("predicted", curve.Predicted);
        json.WriteString("kind", curve.Kind);
    }

    private static void WriteTraining(Utf8JsonWriter json, FlowTraining training)
    {
        var (task, options, result) = (training.Task, training.Options, training.Result!);
        json.WriteString("model", training.Model);
        json.WriteString("task", task.Name);
        json.WriteNumber("delay", task.Delay);
        json.WriteString("dtype", "float32");
        json.WriteString("init", training.Initialisation);
        json.WriteNumber("learningRate", options.LearningRate);
        json.WriteNumber("batch", options.BatchSize);
        json.WriteFinite("clip", options.ClipNorm);
        json.WriteNumber("stepLimit", options.Steps);
        json.WriteNumber("steps", result.Steps);
        json.WriteString("ended", result.Reason.Name(task.Metric.Name));
        json.WriteFinite("loss", result.Final?.Loss);
        json.WriteFinite("baseline", task.Baseline);
        json.WriteFinite("recall", result.Final?.Metric);
        json.WriteValue("timestep", Enumerable.Range(1, task.Length));
        json.WriteValue("step", training.Looks.Select(look => look.Step));
        json.WriteNumbers("losses", training.Looks.Select(look => look.Loss));
        WriteRows(json, "hidden", training.Looks, look => look.Hidden);
        WriteRows(json, "hiddenThroughTime", training.Looks, look => look.Recurrent);
        WriteRows(json, "cell", training.Looks, look => look.Cell);
    }

    /// <summary>One row per look, one number per timestep, as exact as training in float32 knows it; null where no look has it.</summary>
    private static void WriteRows(Utf8JsonWriter json, string name, IReadOnlyList<FlowLook> looks, Func<FlowLook, IReadOnlyList<double>?> norms)
    {
        var rows = looks.Select(norms).OfType<IReadOnlyList<double>>().Select(row => row.Select(norm => (float?)JsonText.Finite(norm))).ToArray();
        json.WriteValue(name, rows.Length == 0 ? null : rows);
    }

    private static Table CreateTable(FlowSettings settings, IReadOnlyList<FlowCurve> curves)
    {
        var distances = new[] { 1, 10, 30, settings.Length }.Where(distance => distance <= settings.Length).Distinct();
        return ReportTable.Of(
            TableBorder.Simple,
            curves,
            [
                new("model", curve => curve.Net.Model),
                new("setting", curve => curve.Net.Setting),
                new("of", curve => curve.State),
                .. distances.Select(distance => new Column<FlowCurve>($"d = {distance}", curve => curve.Norms.Mean[distance - 1], Share)),
                new("predicted", curve => curve.Kind is null ? "" : (curve.Kind == "exact" ? "= " : "≤ ") + NumberText.Of(curve.Predicted![^1], Share)) { IsRight = true },
                new("per step", curve => Math.Pow(curve.Norms.Mean[^1], 1.0 / settings.Length), "×0.000"),
            ]);
    }
}
