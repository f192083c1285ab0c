using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Plots;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>What a run prints: for programs the JSON alone, for people a table, a chart and maps.</summary>
internal static class FlowReport
{
    private const string Share = "0.0e+00";
    private const string Measured = "geometric mean over sequences of |dL/ds_(T-d)| / |dL/ds_T|, L = v'h_T with v from N(0, 1), L2 norms over the hidden size; s is the curve's state";

    public static void Show(CliHost host, FlowSettings settings, FlowResults results)
    {
        var width = Math.Min(host.Width, 100);
        host.Output.WriteLine("Share of the gradient that is left d steps back in time; the prediction is for the last column.");
        ReportConsole.Write(host, CreateTable(settings, results.Curves));
        if ((FlowCharts.Scaled(results.Curves, "vanilla") ?? FlowCharts.Scaled(results.Curves, "linear")) is { } chart)
        {
            host.Output.WriteLine(TerminalLines.Render(chart with { Series = [.. chart.Series.Where(line => !line.Dashed)] }, width, colours: host.OutputHasColours));
        }

        foreach (var training in results.Trainings.Where(training => training.Looks.Count > 0))
        {
            host.Output.WriteLine(TerminalHeat.Render(FlowCharts.Map(training, results.Trainings), width));
        }
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

/// <summary>The pictures of a measurement: gradient norms against distance in fresh nets, and at each timestep of each step in training.</summary>
internal static class FlowCharts
{
    // Norms in training that are further below the largest one share the last colour.
    private const double Range = 1e4;

    private static readonly LineStyleNames Styles = new("measured", "predicted: exact for the linear net, an upper bound for the vanilla net");

    /// <summary>The picture of fresh nets; null without any.</summary>
    public static Figure? Fresh(FlowSettings settings, IReadOnlyList<FlowCurve> curves)
    {
        ChartPanel[] panels =
        [
            .. OnOneScale(Scaled(curves, "linear"), Scaled(curves, "vanilla")),
            .. OnOneScale(Others(curves, "initialisations of W", starts: true), Others(curves, "gates", starts: false)),
        ];
        return panels.Length == 0 ? null : new Figure("How much of a gradient is left after d steps back through time", panels)
        {
            Subtitle = $"‖∂L/∂h‖ at T - d as a share of ‖∂L/∂h‖ at T (for the LSTM, of c), backpropagated in float64 from a random cotangent on h at T; geometric mean over {settings.Sequences} sequences, hidden size {settings.Hidden}, seed {settings.Seed}",
        };
    }

    /// <summary>The nets with W = w·Q, each with its prediction; null if there are none.</summary>
    public static LineChart? Scaled(IReadOnlyList<FlowCurve> all, string model)
    {
        var curves = all.Where(curve => curve.Net.Model == model && curve.Net.Norm is not null).ToArray();
        var linear = model == "linear";
        var measured = curves.Select((curve, place) => Line(curve.Norms.Mean, curve.Net.Label, place));
        var predicted = curves.Select((curve, place) => Line(curve.Predicted!, "predicted for " + curve.Net.Label, place) with { Dashed = true, Neutral = linear });
        return Chart(linear ? "linear net, W = w·Q: exactly w^d" : "vanilla RNN (tanh), W = w·Q: below ‖W‖^d", [.. measured, .. predicted]) is { } chart
            ? chart with { StyleNames = Styles }
            : null;
    }

    /// <summary>Nets that differ in how W begins, or in their gates; one colour for each model.</summary>
    private static LineChart? Others(IReadOnlyList<FlowCurve> all, string title, bool starts) => Chart(title,
        [.. all.Where(curve => curve.Net.Norm is null && curve.Net.IsAboutStart == starts)
            .Select(curve => Line(curve.Norms.Mean, $"{curve.Net.Model} {curve.Net.Label}", NetColours.Of(curve.Net.Model, all.Select(other => other.Net.Model))))]);

    private static LineChart? Chart(string title, Series[] series) => series.Length == 0 ? null : new LineChart(
        title,
        new Axis("distance d, in steps") { Minimum = 0 },
        new Axis("share of the gradient left") { Scale = AxisScale.Log },
        series)
    {
        EndLabels = true,
    };

    /// <summary>Charts that stand side by side, with the same vertical axis.</summary>
    private static IEnumerable<LineChart> OnOneScale(params LineChart?[] charts)
    {
        var shown = charts.OfType<LineChart>().ToArray();
        var values = shown.SelectMany(chart => chart.Series).SelectMany(line => line.Points).Select(point => point.Y)
            .Where(value => double.IsFinite(value) && value > 0).DefaultIfEmpty(1).ToArray();
        var (low, high) = (values.Min(), values.Max());
        var room = Math.Pow(Math.Max(high / low, 10), 0.04);
        return shown.Select(chart => chart with { Vertical = chart.Vertical with { Minimum = low / room, Maximum = high * room } });
    }

    private static Series Line(IReadOnlyList<double> shares, string name, int place)
        => new(name, [new ChartPoint(0, 1), .. shares.Select((share, index) => new ChartPoint(index + 1, share))]) { Colour = place };

    /// <summary>The picture of nets in training; null without any.</summary>
    public static Figure? Trained(FlowSettings settings, IReadOnlyList<FlowTraining> all)
    {
        var trainings = all.Where(training => training.Looks.Count > 0).ToArray();
        if (trainings.Length == 0)
        {
            return null;
        }

        var first = trainings[0];
        return new Figure("Where the gradient goes during training", [.. trainings.Select(training => Map(training, trainings)), .. Cells(trainings), Loss(trainings)])
        {
            Subtitle = $"copy task: {first.Task.Symbols} symbols, a delay of {first.Task.Delay}, then the symbols again; hidden size {settings.Hidden}, batch {first.Options.BatchSize}, seed {settings.Seed}; L2 norms over batch and hidden size, before clipping",
            Columns = 2,
        };
    }

    public static HeatMap Map(FlowTraining training, IReadOnlyList<FlowTraining> trainings)
        => Map(training, $"{training.Model}: ‖∂L/∂h‖ at each timestep", look => look.Hidden, Scale("‖∂L/∂h‖", trainings.SelectMany(other => other.Looks).SelectMany(look => look.Hidden)));

    private static IEnumerable<HeatMap> Cells(IReadOnlyList<FlowTraining> trainings)
        => trainings.Where(training => training.Looks[0].Cell is not null).Select(training => Map(
            training, $"{training.Model}: ‖∂L/∂c‖, its memory", look => look.Cell!, Scale("‖∂L/∂c‖", training.Looks.SelectMany(look => look.Cell!))));

    private static HeatMap Map(FlowTraining training, string title, Func<FlowLook, IReadOnlyList<double>> norms, Axis scale) => new(
        title,
        new Axis("training step"),
        [.. training.Looks.Select(look => (double)look.Step)],
        new Axis("timestep t"),
        [.. Enumerable.Range(1, training.Task.Length).Select(t => (double)t)],
        scale,
        [.. Enumerable.Range(0, training.Task.Length).Select(t => training.Looks.Select(look => norms(look)[t]).ToArray())]);

    private static Axis Scale(string title, IEnumerable<double> values)
    {
        var shown = values.Where(value => double.IsFinite(value) && value > 0).DefaultIfEmpty(1).ToArray();
        return new Axis(title) { Scale = AxisScale.Log, Minimum = Math.Max(shown.Min(), shown.Max() / Range), Maximum = shown.Max() };
    }

    private static LineChart Loss(IReadOnlyList<FlowTraining> trainings) => new(
        "training loss",
        new Axis("training step"),
        new Axis("loss, nats per step") { Scale = AxisScale.Log },
        [.. trainings.Select(training => new Series(training.Model, [.. training.Looks.Select(look => new ChartPoint(look.Step, look.Loss))]) { Colour = NetColours.Of(training.Model, trainings.Select(other => other.Model)) })])
    {
        EndLabels = true,
        ReferenceLines = [new ReferenceLine(trainings[0].Task.Baseline, $"no memory: {trainings[0].Task.Baseline:0.000}")],
    };
}
