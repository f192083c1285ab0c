using System.Diagnostics;
using RnnZoo.Cli.Report;
using RnnZoo.Plots;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// `rnnzoo bench --grid`: whether the hand-written path is behind another one at any size, in training or forward alone. What
/// looks so is measured once more, four times as long, and what comes out then stands.
/// </summary>
internal sealed class BenchGridRun(CliHost host, IReadOnlyList<string> cells, IReadOnlyList<BenchSize> sizes, IReadOnlyList<int> threads, double seconds, string? output, IReadOnlyList<string> formats, bool json)
{
    private const double LeastSecondsAgain = 2;
    private const double WarmUpSeconds = 2;

    /// <summary>Sixty sizes: batches of 1 to 1,000, 1 to 10,000 steps, 1 to 1,024 inputs, hidden sizes of 10 to 1,024, odd ones among them.</summary>
    public static IReadOnlyList<BenchSize> UsualSizes { get; } =
    [
        new(1, 2, 64, 256), new(1, 20, 1024, 1024), new(1, 50, 256, 512), new(1, 100, 16, 16), new(1, 100, 16, 64), new(1, 100, 128, 256),
        new(1, 1000, 16, 16), new(1, 1000, 16, 64), new(1, 1000, 64, 128), new(1, 10000, 1, 32), new(1, 10000, 8, 16),
        new(2, 100, 10, 20), new(2, 200, 64, 128), new(2, 500, 32, 64), new(2, 1000, 16, 32),
        new(3, 77, 5, 17), new(3, 150, 40, 100), new(3, 300, 10, 33),
        new(4, 100, 16, 16), new(4, 200, 100, 200), new(4, 1000, 32, 64),
        new(5, 61, 7, 48), new(5, 500, 20, 64),
        new(8, 30, 300, 650), new(8, 50, 16, 16), new(8, 100, 10, 32), new(8, 100, 128, 256), new(8, 200, 64, 128), new(8, 1000, 10, 64), new(8, 10000, 4, 16),
        new(16, 20, 512, 512), new(16, 50, 10, 16), new(16, 100, 10, 32), new(16, 200, 32, 64), new(16, 200, 32, 128), new(16, 1000, 32, 128),
        new(20, 35, 200, 200), new(24, 100, 50, 100),
        new(32, 2, 64, 128), new(32, 35, 128, 128), new(32, 100, 10, 128), new(32, 100, 256, 256), new(32, 784, 1, 128), new(32, 1000, 10, 128),
        new(48, 60, 65, 130),
        new(64, 1, 128, 128), new(64, 28, 28, 128), new(64, 32, 128, 512), new(64, 50, 300, 300), new(64, 100, 10, 64), new(64, 256, 128, 512), new(64, 400, 2, 128),
        new(100, 30, 100, 300), new(128, 16, 512, 1024), new(128, 100, 64, 256), new(200, 35, 50, 20),
        new(256, 20, 256, 256), new(256, 50, 32, 128), new(512, 20, 64, 64), new(1000, 10, 10, 10),
    ];

    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var folder = output is null ? null : OutputFolder.Make(host, output, "bench");
        List<BenchComparison> rows = [];
        string written;
        try
        {
            Measure(rows, cancellation);
        }
        finally
        {
            written = folder is null ? "" : $" Written to {folder}: {string.Join(", ", OutputFolder.WriteResults(folder, Document(rows), rows.Count == 0 ? null : Picture(rows), formats))}."; // a failed run leaves what it got, too
        }

        host.Print(json, () => Document(rows), () => Show(rows), $"{rows.Count} comparisons at {sizes.Count} sizes in {watch.Elapsed.TotalMinutes:0.0} minutes.{written}");
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private void Measure(List<BenchComparison> rows, CancellationToken cancellation)
    {
        using var status = new StatusLine(host);
        var groups =
            (from size in sizes
             from cell in cells
             from forward in (bool[])[false, true]
             from count in threads
             select new BenchGroup(cell, size, count, [.. BenchPaths.Plain.Where(path => BenchPaths.IsOf(path, cell))], forward)).ToArray();
        Compare(groups[0], WarmUpSeconds, cancellation); // while .NET still compiles
        foreach (var (index, group) in groups.Index())
        {
            status.Show($"{index + 1}/{groups.Length}: {group}");
            var measured = Compare(group, seconds, cancellation);
            if (measured.Any(row => row.Ratio < 1) && !cancellation.IsCancellationRequested)
            {
                measured = Compare(group, Math.Max(4 * seconds, LeastSecondsAgain), cancellation);
            }

            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            rows.AddRange(measured);
        }
    }

    private static BenchComparison[] Compare(BenchGroup group, double seconds, CancellationToken cancellation)
    {
        var rows = BenchTurns.Measure(group, seconds, cancellation);
        var own = rows.Single(row => row.Path == BenchPaths.HandWritten);
        return [.. rows.Where(row => row != own).Select(row => new BenchComparison(row, own))];
    }

    private static string Document(IReadOnlyList<BenchComparison> rows) => JsonText.Write(json =>
    {
        RunHeader.Write(json);
        json.WriteNumber("vectorBits", PeakLoop.VectorBits);
        json.WriteObjects("rows", rows, row =>
        {
            row.Other.Write(json);
            json.WriteBoolean("forward", row.Other.Group.Forward);
            json.WriteNumber("ownMilliseconds", Math.Round(row.Own.Milliseconds, 7));
            json.WriteNumber("ownFastestMilliseconds", Math.Round(row.Own.Fastest, 7));
            json.WriteNumber("ratio", Math.Round(row.Ratio, 4));
        });
    });

    private void Show(IReadOnlyList<BenchComparison> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        string[] titles = ["way, cell", "mean", "batch 1 out", "least", "at"];
        table.AddColumns([.. titles.Select(title => new TableColumn(title).NoWrap().Padding(0, 0, 0, 0).Alignment(title is "way, cell" or "at" ? Justify.Left : Justify.Right))]);
        foreach (var kind in rows.GroupBy(row => (row.Other.Path, row.Other.Group.Cell, row.Other.Group.Forward)).OrderBy(kind => kind.Key.Forward).ThenBy(kind => kind.Key.Path))
        {
            var worst = kind.MinBy(row => row.Ratio)!;
            string[] cells =
            [
                $"{kind.Key.Path} {kind.Key.Cell}{(kind.Key.Forward ? ", forward" : "")}",
                Mean(kind),
                Mean(kind.Where(row => row.Other.Group.Size.Batch > 1)),
                NumberText.Of(worst.Ratio, "0.00"),
                $" {worst.Other.Group.Size}, {worst.Other.Group.Threads} thr.",
            ];
            table.AddRow([.. cells.Select(text => new Text(text))]);
        }

        ReportConsole.Write(host, table);
        host.Output.WriteLine("time of the other way by that of the hand-written path, medians of steps by turns; mean: geometric, over sizes and threads.");
        foreach (var row in rows.Where(row => row.Ratio < 1).OrderBy(row => row.Ratio))
        {
            host.Output.WriteLine(
                $"behind: {row.Other.Group}: {row.Other.Path} {NumberText.Of(row.Other.Milliseconds, "0.000")} ms, "
                + $"hand-written {NumberText.Of(row.Own.Milliseconds, "0.000")} ms ({NumberText.Of(row.Ratio, "0.00")}; fastest steps {NumberText.Of(row.Other.Fastest / row.Own.Fastest, "0.00")})");
        }
    }

    // Each net's ratios in order, so that a point tells at how many of the sizes the other way is nearer.
    private static Figure Picture(IReadOnlyList<BenchComparison> rows)
    {
        var panels = rows.GroupBy(row => (row.Other.Group.Forward, row.Other.Path)).OrderBy(panel => panel.Key.Forward).ThenByDescending(panel => panel.Key.Path).Select(panel =>
        {
            var nets = panel.Select(row => row.Other.Group.Cell).Distinct().ToArray();
            var series = nets.Select(net =>
            {
                double[] ratios = [.. panel.Where(row => row.Other.Group.Cell == net).Select(row => row.Ratio).Order()];
                return new Series(net, [.. ratios.Select((ratio, place) => new ChartPoint(100.0 * (place + 1) / ratios.Length, ratio))]) { Colour = NetColours.Of(net, nets) };
            });
            var title = $"{(panel.Key.Forward ? "forward alone" : "training step")}, beside {(panel.Key.Path == "native" ? "TorchSharp's module" : panel.Key.Path)}";
            return (ChartPanel)new LineChart(title, new Axis("sizes and threads, %") { Minimum = 0, Maximum = 100 }, new Axis("times as long") { Scale = AxisScale.Log }, [.. series])
            {
                ReferenceLines = [new ReferenceLine(1, "as fast")],
            };
        });
        return new Figure("How many times as long the other ways take", [.. panels])
        {
            Subtitle = $"{rows.Select(row => row.Other.Group.Size).Distinct().Count()} sizes (threads: {string.Join(", ", rows.Select(row => row.Other.Group.Threads).Distinct())}), the nearest first; medians of steps by turns",
        };
    }

    private static string Mean(IEnumerable<BenchComparison> rows) =>
        rows.Any() ? NumberText.Of(Math.Exp(rows.Average(row => Math.Log(row.Ratio))), "0.00") : "";
}

/// <summary>Another way beside the hand-written one.</summary>
internal sealed record BenchComparison(BenchRow Other, BenchRow Own)
{
    /// <summary>How many times as long the other one takes, by medians.</summary>
    public double Ratio => Other.Milliseconds / Own.Milliseconds;
}
