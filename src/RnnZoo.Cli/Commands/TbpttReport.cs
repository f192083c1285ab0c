using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Plots;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a measurement: one JSON document, or for people a table and a chart.</summary>
internal static class TbpttReport
{
    public static void Write(CliHost host, TbpttResult result, string folder, bool json, IReadOnlyList<string> formats, TimeSpan elapsed)
    {
        var document = Document(result);
        var written = OutputFolder.WriteResults(folder, document, TbpttCharts.Figure(result), formats);
        var files = json ? "" : $": {string.Join(", ", written)} ({elapsed.TotalSeconds:0.0} s)";
        host.Print(json, () => document, () => Show(host, result), $"Written to {folder}{files}");
    }

    private static string Document(TbpttResult result) => JsonText.Write(json =>
    {
        var settings = result.Settings;
        json.WriteString("model", settings.Cell);
        json.WriteNumber("length", settings.Length);
        json.WriteNumber("batch", settings.Batch);
        json.WriteNumber("hidden", settings.Hidden);
        json.WriteNumber("delay", settings.Delay);
        json.WriteNumber("updates", settings.Updates);
        json.WriteValue("environment", RowJob.Environment);
        json.WriteNumber("processors", Environment.ProcessorCount);
        RunHeader.Write(json, settings.Seed, dtype: "float64");
        json.WriteObjects("rows", result.Rows, row =>
        {
            json.WriteNumber("k", row.Chunk!.Value);
            WriteCost(json, row);
            WriteScore(json, row.Score);
        });
        json.WriteStartObject("exact");
        json.WriteNumber("segmentLength", result.Exact.Cost.SegmentLength);
        WriteCost(json, result.Exact);
        json.WriteFinite("memoryOfFull", result.Exact.PeakMegabytes / result.Full?.PeakMegabytes);
        json.WriteFinite("timeOfFull", result.Exact.Cost.MillisecondsPerStep / result.Full?.Cost.MillisecondsPerStep);
        json.WriteEndObject();
    });

    private static void WriteCost(Utf8JsonWriter json, TbpttRow row)
    {
        json.WriteNumber("peakMegabytes", Math.Round(row.PeakMegabytes, 3));
        json.WriteNumber("processPeakMegabytes", Math.Round(row.ProcessPeakMegabytes, 3));
        json.WriteNumber("millisecondsPerStep", Math.Round(row.Cost.MillisecondsPerStep, 6));
        json.WriteNumber("passes", row.Cost.Passes);
        json.WriteFinite("cosine", row.Cosine);
        json.WriteFinite("recurrentCosine", row.RecurrentCosine);
        if (row.Cost.MostTensors > 0)
        {
            json.WriteNumber("fewestLiveTensors", row.Cost.FewestTensors);
            json.WriteNumber("mostLiveTensors", row.Cost.MostTensors);
        }
    }

    private static void WriteScore(Utf8JsonWriter json, RecallScore? score)
    {
        if (score is null)
        {
            return;
        }

        json.WriteNumber("recall", score.Recall);
        json.WriteNumber("loss", score.Loss);
        json.WriteNumber("updates", score.Updates);
        json.WriteNumber("trainingSteps", score.Steps);
        json.WriteNumber("trainingSeconds", Math.Round(score.Seconds, 3));
    }

    private static void Show(CliHost host, TbpttResult result)
    {
        var settings = result.Settings;
        host.Output.WriteLine($"{settings.Cell}, T = {settings.Length:#,0}, B = {settings.Batch}, H = {settings.Hidden}, float64, seed {settings.Seed}; recall after {settings.Delay} steps");
        var full = result.Full;
        ReportConsole.Write(host, ReportTable.Of(
            TableBorder.Simple,
            result.Rows.Append(result.Exact),
            new("k", row => row.Chunk is { } chunk ? TbpttSettings.Name(chunk) : $"exact ({row.Cost.SegmentLength})"),
            new("MB", row => row.PeakMegabytes, "#,0.0"),
            new("of full", row => Share(row.PeakMegabytes, full?.PeakMegabytes)) { IsRight = true },
            new("ms/step", row => row.Cost.MillisecondsPerStep, "0.0000"),
            new("of full", row => Share(row.Cost.MillisecondsPerStep, full?.Cost.MillisecondsPerStep)) { IsRight = true },
            new("cosine", row => row.Cosine, "0.0000"),
            new("of W_hh", row => row.RecurrentCosine, "0.0000"),
            new("recall", row => row.Score is { } score ? NumberText.Of(score.Recall, "0.000") : "") { IsRight = true },
            new("updates", row => row.Score is { } score ? NumberText.Of(score.Updates, "#,0") : "") { IsRight = true }));
        host.Output.WriteLine("MB: peak memory of the gradient of all T steps, above that after a warm-up of 100 steps. ms/step: per time step of the batch.");
        host.Output.WriteLine("cosine: to the exact gradient, over all parameters and over the recurrent matrix. full: one chunk of all T steps.");
        host.Output.WriteLine($"recall: right answers after training in chunks of k; a guess is {1.0 / RecallStream.Cues:0.000}.");
        if (result.Rows.Count > 1)
        {
            host.Output.WriteLine(TerminalLines.Render(TbpttCharts.Memory(result), Math.Min(host.Width, 100), colours: host.OutputHasColours));
        }
    }

    private static string Share(double value, double? whole) => whole > 0 ? NumberText.Of(100 * value / whole.Value, "0.0") + " %" : "";
}

/// <summary>The pictures of the trade: what truncation saves, and what it costs. Full backpropagation stands at k = T.</summary>
internal static class TbpttCharts
{
    public static Figure Figure(TbpttResult result)
    {
        var settings = result.Settings;
        List<ChartPanel> panels = [Memory(result), Time(result), Gradient(result)];
        if (settings.Updates > 0)
        {
            panels.Add(Recall(result));
        }

        return new Figure($"Truncated backpropagation: what k saves and what it costs ({settings.Cell})", panels)
        {
            Subtitle = $"T = {settings.Length:#,0} steps, batch {settings.Batch}, hidden size {settings.Hidden}, float64, seed {settings.Seed}; full backpropagation is k = T",
            Columns = 2,
        };
    }

    /// <summary>Memory against k.</summary>
    public static LineChart Memory(TbpttResult result)
        => Cost(result, "Memory of the gradient", new Axis("peak, MB") { Scale = AxisScale.Log }, row => row.PeakMegabytes);

    private static LineChart Time(TbpttResult result)
        => Cost(result, "Time of the gradient", new Axis("milliseconds per time step") { Minimum = 0 }, row => row.Cost.MillisecondsPerStep);

    private static LineChart Cost(TbpttResult result, string title, Axis vertical, Func<TbpttRow, double> value)
        => new(title, Chunks(result), vertical, [Line(result, "chunks of k", value)])
        {
            ReferenceLines = [new ReferenceLine(value(result.Exact), "exact, in segments")],
            EndLabels = true,
        };

    private static LineChart Gradient(TbpttResult result)
    {
        Series[] lines = [Line(result, "all parameters", row => row.Cosine), Line(result, "recurrent matrix", row => row.RecurrentCosine) with { Colour = 1 }];
        var values = lines.SelectMany(line => line.Points).Select(point => point.Y).Where(double.IsFinite); // a net may have no recurrent matrix
        return new LineChart(
            "Direction of the gradient", Chunks(result), new Axis("cosine to the exact one") { Maximum = 1, Minimum = values.Append(0).Min() }, lines)
        {
            EndLabels = true,
        };
    }

    private static GroupedBars Recall(TbpttResult result) => new(
        $"Recall after {result.Settings.Delay} steps, once trained",
        "k in training",
        [.. result.Rows.Select(row => TbpttSettings.Name(row.Chunk!.Value))],
        new Axis("share of right answers") { Minimum = 0, Maximum = 1 },
        [new BarSeries("trained in chunks of k", [.. result.Rows.Select(row => row.Score?.Recall ?? double.NaN)])])
    {
        ReferenceLines = [new ReferenceLine(1.0 / RecallStream.Cues, "a guess")],
    };

    private static Axis Chunks(TbpttResult result) => new("k, steps")
    {
        Scale = AxisScale.Log,
        Ticks = [.. result.Rows.Select(row => Steps(result, row)).Order()],
    };

    private static Series Line(TbpttResult result, string name, Func<TbpttRow, double> value) =>
        new(name, [.. result.Rows.OrderBy(row => Steps(result, row)).Select(row => new ChartPoint(Steps(result, row), value(row)))]) { Markers = true };

    private static double Steps(TbpttResult result, TbpttRow row) => row.Chunk is TbpttSettings.Full ? result.Settings.Length : row.Chunk!.Value;
}
