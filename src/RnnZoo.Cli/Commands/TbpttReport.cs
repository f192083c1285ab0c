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
            json.WriteNumber("k", row.Way!.Value.Chunk);
            json.WriteString("way", row.Way.Value.Kind.ToString().ToLowerInvariant());
            WriteCost(json, row);
            WriteScore(json, row.Score);
        });
        json.WriteStartObject("exact");
        json.WriteNumber("segmentLength", result.Exact.Cost.SegmentLength);
        WriteCost(json, result.Exact);
        json.WriteFinite("memoryOfFull", result.Exact.PeakMegabytes / result.Full?.PeakMegabytes);
        json.WriteFinite("timeOfFull", result.Exact.Cost.MillisecondsPerStep / result.Full?.Cost.MillisecondsPerStep);
        json.WriteEndObject();
        json.WriteObjects("credit", result.Credit.Lines, line =>
        {
            json.WriteString("way", line.Name);
            json.WriteNumbers("shares", line.Shares);
        });
    });

    private static void WriteCost(Utf8JsonWriter json, TbpttRow row)
    {
        json.WriteNumber("peakMegabytes", Math.Round(row.PeakMegabytes, 3));
        json.WriteNumber("processPeakMegabytes", Math.Round(row.ProcessPeakMegabytes, 3));
        json.WriteNumber("millisecondsPerStep", Math.Round(row.Cost.MillisecondsPerStep, 6));
        json.WriteNumber("passes", row.Cost.Passes);
        json.WriteFinite("cosine", row.Error.Cosine);
        json.WriteFinite("recurrentCosine", row.Error.RecurrentCosine);
        json.WriteFinite("normRatio", row.Error.NormRatio);
        json.WriteFinite("bias", row.Error.Bias);
        json.WriteFinite("spread", row.Error.Spread);
        json.WriteNumber("draws", row.Cost.Draws);
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
        json.WriteFinite("loss", score.Loss);
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
            new("k", row => row.Way?.Name ?? $"exact ({row.Cost.SegmentLength})"),
            new("MB", row => row.PeakMegabytes, "#,0.0"),
            new("of full", row => Share(row.PeakMegabytes, full?.PeakMegabytes)) { IsRight = true },
            new("ms/step", row => row.Cost.MillisecondsPerStep, "0.0000"),
            new("of full", row => Share(row.Cost.MillisecondsPerStep, full?.Cost.MillisecondsPerStep)) { IsRight = true },
            new("cosine", row => row.Error.Cosine, "0.0000"),
            new("of W_hh", row => row.Error.RecurrentCosine, "0.0000"),
            new("norm", row => row.Error.NormRatio, "0.000"),
            new("bias", row => row.Error.Bias, "0.000"),
            new("spread", row => row.Cost.Draws > 1 ? NumberText.Of(row.Error.Spread, "0.000") : "") { IsRight = true },
            new("recall", row => row.Score is { } score ? NumberText.Of(score.Recall, "0.000") : "") { IsRight = true },
            new("updates", row => row.Score is { } score ? NumberText.Of(score.Updates, "#,0") : "") { IsRight = true }));
        host.Output.WriteLine("MB: peak memory of the gradient of all T steps, above that after a warm-up of 100 steps. ms/step: per time step of the batch.");
        host.Output.WriteLine("cosine: to the exact gradient, over all parameters and over the recurrent matrix. full: one chunk of all T steps.");
        host.Output.WriteLine("norm: as a share of the exact gradient's. bias: of the mean over the draws of the cuts, spread: their standard deviation, as shares of it too.");
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
    /// <summary>The colour of what is none of the ways, behind theirs.</summary>
    public const int OtherColour = 4;

    public static Figure Figure(TbpttResult result)
    {
        var settings = result.Settings;
        List<ChartPanel> panels = [Memory(result), Time(result), Gradient(result), result.Credit.Chart()];
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
        => new(title, Chunks(result), vertical, [Line(result, "chunks of k", value), .. Others(result, value)])
        {
            ReferenceLines = [new ReferenceLine(value(result.Exact), "exact, in segments")],
            EndLabels = true,
        };

    private static LineChart Gradient(TbpttResult result)
    {
        Series[] lines = [Line(result, "all parameters", row => row.Error.Cosine), Line(result, "recurrent matrix", row => row.Error.RecurrentCosine) with { Colour = OtherColour }, .. Others(result, row => row.Error.Cosine)];
        var values = lines.SelectMany(line => line.Points).Select(point => point.Y).Where(double.IsFinite); // a net may have no recurrent matrix
        return new LineChart(
            "Direction of the gradient", Chunks(result), new Axis("cosine to the exact one") { Maximum = 1, Minimum = values.Append(0).Min() }, lines)
        {
            EndLabels = true,
        };
    }

    private static GroupedBars Recall(TbpttResult result)
    {
        int[] chunks = [.. result.Rows.Select(row => row.Way!.Value.Chunk).Distinct()];
        var kinds = result.Rows.Select(row => row.Way!.Value.Kind).Distinct();
        return new GroupedBars(
            $"Recall after {result.Settings.Delay} steps, once trained",
            "k in training",
            [.. chunks.Select(chunk => new Way(chunk).Name)],
            new Axis("share of right answers") { Minimum = 0, Maximum = 1 },
            [.. kinds.Select(kind => new BarSeries(kind == WayKind.Fixed ? "chunks of k" : $"{kind}-k".ToLowerInvariant(), [.. chunks.Select(chunk =>
                result.Rows.FirstOrDefault(row => row.Way == new Way(chunk, kind))?.Score?.Recall ?? double.NaN)]) { Colour = (int)kind })])
        {
            ReferenceLines = [new ReferenceLine(1.0 / RecallStream.Cues, "a guess")],
        };
    }

    private static Axis Chunks(TbpttResult result) => new("k, steps")
    {
        Scale = AxisScale.Log,
        Ticks = [.. result.Rows.Select(row => Steps(result, row)).Distinct().Order()],
    };

    private static Series Line(TbpttResult result, string name, Func<TbpttRow, double> value) =>
        new(name, [.. Fixed(result).OrderBy(row => Steps(result, row)).Select(row => new ChartPoint(Steps(result, row), value(row)))]) { Markers = true };

    private static double Steps(TbpttResult result, TbpttRow row) => row.Way == Way.Full ? result.Settings.Length : row.Way!.Value.Chunk;

    private static IEnumerable<TbpttRow> Fixed(TbpttResult result) => result.Rows.Where(row => row.Way!.Value.Kind == WayKind.Fixed);

    // The other ways, each a point of its own.
    private static Series[] Others(TbpttResult result, Func<TbpttRow, double> value) =>
        [.. result.Rows.Except(Fixed(result)).Select(row => new Series(row.Way!.Value.Name, [new ChartPoint(Steps(result, row), value(row))]) { Markers = true, Colour = (int)row.Way.Value.Kind })];
}
