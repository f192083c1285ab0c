using System.Globalization;
using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a benchmark for people to read: paths side by side, with their ratio to the hand-written one.</summary>
internal static class BenchTable
{
    private const string HandWritten = "handwritten";

    public static void Write(CliHost host, BenchResult result)
    {
        foreach (var (threads, sample) in result.Peaks.OrderBy(peak => peak.Key))
        {
            host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"float32 peak, {threads} thread{(threads == 1 ? "" : "s")}: {sample.Best:0} GFLOP/s ({PeakLoop.VectorBits}-bit vectors)"));
        }

        var table = new Table().Border(TableBorder.Simple);
        foreach (var (title, right) in new[]
        {
            ("B x T x I x H, cell, threads", false), ("ms", true), ("fastest", true), ("ratio", true), ("GFLOP/s", true), ("of peak", true), ("MB", true),
        })
        {
            var column = new TableColumn(title).NoWrap().Padding(0, 0, 0, 0);
            table.AddColumn(right ? column.RightAligned() : column);
        }

        foreach (var group in result.Rows.GroupBy(row => row.Group))
        {
            AddGroup(table, result, [.. group]);
        }

        ReportConsole.Write(host, table);
        host.Output.WriteLine(
            (result.Forward ? "ms: median of one forward pass without gradients;" : "ms: median of one training step;")
            + " fastest: the least of them; ratio: to the hand-written path of the same kind; MB: peak memory of a step.");
    }

    private static void AddGroup(Table table, BenchResult result, BenchRow[] rows)
    {
        var (cell, size, threads, _, _) = rows[0].Group;
        table.AddRow($"{size} {cell}, {threads} thread{(threads == 1 ? "" : "s")}");
        foreach (var row in rows)
        {
            var same = BenchPaths.Trains(row.Path) ? BenchPaths.Training + HandWritten : HandWritten;
            var own = rows.FirstOrDefault(other => other.Path == same);
            string[] cells =
            [
                "  " + row.Path,
                Number(row.Milliseconds, row.Milliseconds < 10 ? "0.00" : "0.0"),
                Number(row.Fastest, row.Fastest < 10 ? "0.00" : "0.0"),
                own is null ? "" : Number(row.Milliseconds / own.Milliseconds, "0.00"),
                Number(row.Gflops, "0.0"),
                Number(100 * result.PeakShare(row), "0") + " %",
                row.ExtraMegabytes is { } megabytes ? Number(megabytes, "0.0") : "",
            ];
            table.AddRow([.. cells.Select(text => new Text(text))]);
        }

        table.AddEmptyRow();
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>The results of a benchmark as one JSON document.</summary>
internal static class BenchJson
{
    public static string Write(BenchResult result) => JsonText.Write(json =>
    {
        json.WriteString("version", VersionAction.Version);
        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteBoolean("forward", result.Forward);
        json.WriteNumber("vectorBits", PeakLoop.VectorBits);
        json.WriteStartObject("peakGflops");
        foreach (var (threads, sample) in result.Peaks.OrderBy(peak => peak.Key))
        {
            json.WriteNumber(threads.ToString(CultureInfo.InvariantCulture), Math.Round(sample.Best, 1));
        }

        json.WriteEndObject();
        json.WriteStartArray("disturbances");
        foreach (var disturbance in result.Disturbances())
        {
            json.WriteStringValue(disturbance);
        }

        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (var row in result.Rows)
        {
            WriteRow(json, result, row);
        }

        json.WriteEndArray();
    });

    private static void WriteRow(Utf8JsonWriter json, BenchResult result, BenchRow row)
    {
        json.WriteStartObject();
        json.WriteString("cell", row.Group.Cell);
        json.WriteString("path", row.Path);
        json.WriteNumber("threads", row.Group.Threads);
        json.WriteNumber("B", row.Group.Size.Batch);
        json.WriteNumber("T", row.Group.Size.Steps);
        json.WriteNumber("I", row.Group.Size.Input);
        json.WriteNumber("H", row.Group.Size.Hidden);
        json.WriteNumber("milliseconds", Math.Round(row.Milliseconds, 4));
        json.WriteNumber("fastestMilliseconds", Math.Round(row.Fastest, 4));
        json.WriteNumber("gflops", Math.Round(row.Gflops, 2));
        json.WriteNumber("peakShare", Math.Round(result.PeakShare(row), 4));
        json.WriteFinite("extraMegabytes", row.ExtraMegabytes is { } megabytes ? Math.Round(megabytes, 2) : null);
        json.WriteNumber("count", row.Count);
        json.WriteEndObject();
    }
}
