using RnnZoo.Cli.Report;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a benchmark: one JSON document, or for people the paths side by side, with their ratio to the hand-written one.</summary>
internal static class BenchReport
{
    public static string Document(BenchResult result) => JsonText.Write(json =>
    {
        RunHeader.Write(json);
        json.WriteBoolean("forward", result.Forward);
        json.WriteNumber("vectorBits", PeakLoop.VectorBits);
        json.WriteValue("peakGflops", result.Peaks.OrderBy(peak => peak.Key).ToDictionary(peak => peak.Key, peak => Math.Round(peak.Value.Best, 1)));
        json.WriteValue("disturbances", result.Disturbances());
        json.WriteObjects("rows", result.Rows, row =>
        {
            row.Write(json);
            json.WriteNumber("gflops", Math.Round(row.Gflops, 4));
            json.WriteNumber("peakShare", Math.Round(result.PeakShare(row), 4));
            json.WriteFinite("extraMegabytes", row.ExtraMegabytes is { } megabytes ? Math.Round(megabytes, 2) : null);
            json.WriteNumber("count", row.Count);
        });
    });

    public static void Show(CliHost host, BenchResult result)
    {
        foreach (var (threads, sample) in result.Peaks.OrderBy(peak => peak.Key))
        {
            host.Output.WriteLine($"float32 peak, {BenchGroup.ThreadsOf(threads)}: {NumberText.Of(sample.Best, "0")} GFLOP/s ({PeakLoop.VectorBits}-bit vectors)");
        }

        var table = new Table().Border(TableBorder.Simple);
        string[] titles = ["B x T x I x H, cell, threads", "ms", "fastest", "ratio", "GFLOP/s", "of peak", "MB"];
        table.AddColumns([.. titles.Select(title => new TableColumn(title).NoWrap().Padding(0, 0, 0, 0).Alignment(title == titles[0] ? Justify.Left : Justify.Right))]);
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
        table.AddRow(new Text($"{rows[0].Group}"));
        foreach (var row in rows)
        {
            var same = BenchPaths.Trains(row.Path) ? BenchPaths.Training + BenchPaths.HandWritten : BenchPaths.HandWritten;
            var own = rows.FirstOrDefault(other => other.Path == same);
            string[] cells =
            [
                "  " + row.Path,
                NumberText.Of(row.Milliseconds, row.Milliseconds < 10 ? "0.00" : "0.0"),
                NumberText.Of(row.Fastest, row.Fastest < 10 ? "0.00" : "0.0"),
                own is null ? "" : NumberText.Of(row.Milliseconds / own.Milliseconds, "0.00"),
                NumberText.Of(row.Gflops, "0.0"),
                NumberText.Of(100 * result.PeakShare(row), "0") + " %",
                row.ExtraMegabytes is { } megabytes ? NumberText.Of(megabytes, "0.0") : "",
            ];
            table.AddRow([.. cells.Select(text => new Text(text))]);
        }

        table.AddEmptyRow();
    }
}
