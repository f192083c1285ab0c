using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Tasks;
using RnnZoo.Zoo;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// A net on a task at a length, at its best learning rate: that with the best mean of the metric over the seeds that gave a
/// number. Not a number if none did; the standard deviation between them is null below two.
/// </summary>
internal sealed record SweepScore(SweepTask Task, int Length, string Net, double LearningRate, IReadOnlyList<SweepResult> Seeds, TaskMetric Metric, double Mean, double? Deviation)
{
    /// <summary>All that have a result, in the plan's order.</summary>
    public static IReadOnlyList<SweepScore> OfAll(IReadOnlyList<(SweepCell Cell, SweepResult? Result)> cells) =>
        [.. cells.Where(item => item.Result is not null)
            .GroupBy(item => (item.Cell.Task, item.Cell.Length, item.Cell.Net))
            .Select(group => Best([.. group.GroupBy(item => item.Cell.LearningRate).Select(rate => Of(rate.First().Cell, [.. rate.Select(item => item.Result!)]))]))];

    private static SweepScore Of(SweepCell cell, SweepResult[] seeds)
    {
        double[] values = [.. seeds.Select(seed => seed.Metrics[0].Value).OfType<double>()];
        var mean = values.Length == 0 ? double.NaN : values.Average();
        double? deviation = values.Length < 2 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
        return new SweepScore(cell.Task, cell.Length, cell.Net, cell.LearningRate, seeds, ModelMeasurement.MetricOf(seeds[0].Metrics[0]), mean, deviation);
    }

    private static SweepScore Best(SweepScore[] rates) =>
        rates.Aggregate((best, other) => double.IsNaN(best.Mean) || (other.Mean != best.Mean && other.Metric.Reaches(other.Mean, best.Mean)) ? other : best);
}

/// <summary>What a sweep came to so far: a table with a row for each net, one JSON document, and a picture.</summary>
internal static class SweepReport
{
    private const int WidthOfFiles = 10_000; // Markdown knows no broken lines

    /// <summary>Prints the results, and writes results.json, table.md and the picture into the sweep's folder.</summary>
    /// <returns>How many trainings are missing.</returns>
    /// <exception cref="InvalidDataException">A result is damaged, or of another plan.</exception>
    public static int Write(CliHost host, SweepFolder folder, bool json, IReadOnlyList<string> formats)
    {
        (SweepCell Cell, SweepResult? Result)[] cells = [.. folder.Cells.Select(cell => (cell, folder.ResultOf(cell)))];
        var scores = SweepScore.OfAll(cells);
        var missing = cells.Count(item => item.Result is null);
        var document = Document(folder, cells, scores, missing);
        var files = OutputFolder.WriteResults(folder.Path, document, scores.Count == 0 ? null : Picture(folder, scores, missing), formats);
        using var table = new StringWriter();
        ReportConsole.Write(ReportConsole.Create(table, isTerminal: false, WidthOfFiles), Table(TableBorder.Markdown, folder.Plan.Nets, scores));
        AtomicFile.WriteText(Path.Combine(folder.Path, "table.md"), string.Join('\n', table.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0)) + "\n");
        host.Print(json, () => document, () => Show(host, folder, scores), $"Written to {folder.Path}: table.md, {string.Join(", ", files)}, and results/ with a file for each training");
        return missing;
    }

    // All tasks side by side are too wide for a terminal.
    private static void Show(CliHost host, SweepFolder folder, IReadOnlyList<SweepScore> scores)
    {
        foreach (var task in scores.GroupBy(score => score.Task))
        {
            ReportConsole.Write(host, Table(TableBorder.Rounded, folder.Plan.Nets, [.. task]));
        }
    }

    private static Table Table(TableBorder border, IReadOnlyList<string> nets, IReadOnlyList<SweepScore> scores)
    {
        var columns = scores.Select(score => (score.Task, score.Length, score.Metric.Name)).Distinct().Select(column => new Column<string>(
            $"{column.Task.Title} {column.Length}: {column.Name}", net => Text(scores.FirstOrDefault(score => (score.Task, score.Length, score.Net) == (column.Task, column.Length, net))))
        { IsRight = true });
        return ReportTable.Of(border, nets, [new("net", net => net), .. columns]);
    }

    // With the mean of the steps where every seed solved the task.
    private static string Text(SweepScore? score)
    {
        if (score is null)
        {
            return "";
        }

        string Number(double? value) => NumberText.OfMetric(score.Metric, value).Trim();
        var solved = score.Seeds.All(seed => seed.Solved) ? $", {score.Seeds.Average(seed => seed.Steps):#,0} steps" : "";
        return $"{Number(score.Mean)}{(score.Deviation is { } deviation ? $" ± {Number(deviation)}" : "")}{solved}";
    }

    private static Figure Picture(SweepFolder folder, IReadOnlyList<SweepScore> scores, int missing)
    {
        var nets = folder.Plan.Nets;
        var panels = folder.Plan.Tasks.Where(task => scores.Any(score => score.Task == task)).Select(task =>
        {
            var of = scores.Where(score => score.Task == task).ToArray();
            var metric = of[0].Metric;
            var series = nets.Select(net => new BarSeries(net, [.. task.Lengths.Select(length => of.FirstOrDefault(score => (score.Length, score.Net) == (length, net))?.Mean ?? double.NaN)])
            {
                Colour = NetColours.Of(net, nets),
            });
            return (ChartPanel)new GroupedBars(task.Title, "length", [.. task.Lengths.Select(length => $"{length}")], new Axis(metric.Name) { Minimum = 0, Maximum = metric.MoreIsBetter ? 1 : null }, [.. series])
            {
                ValueFormat = metric.MoreIsBetter ? "0.00" : "0.0000",
            };
        });
        return new Figure($"{nets.Count} nets on {folder.Plan.Tasks.Count} tasks", [.. panels])
        {
            Subtitle = $"hidden size {folder.Plan.Hidden}; bars in the order of the names, each the mean over seeds at its net's best learning rate{(missing > 0 ? $"; {missing} trainings are missing" : "")}",
        };
    }

    private static string Document(SweepFolder folder, IReadOnlyList<(SweepCell Cell, SweepResult? Result)> cells, IReadOnlyList<SweepScore> scores, int missing) => JsonText.Write(json =>
    {
        json.WriteString("plan", folder.Hash);
        RunHeader.Write(json, threads: 1, dtype: "float32");
        json.WriteNumber("hidden", folder.Plan.Hidden);
        json.WriteNumber("missing", missing);
        json.WriteObjects("scores", scores, score =>
        {
            json.WriteString("task", score.Task.Title);
            json.WriteNumber("length", score.Length);
            json.WriteString("net", score.Net);
            json.WriteFinite("learningRate", score.LearningRate);
            json.WriteString("metric", score.Metric.Name);
            json.WriteFinite("mean", score.Mean);
            json.WriteFinite("standardDeviation", score.Deviation);
            json.WriteNumber("seeds", score.Seeds.Count);
            json.WriteNumber("solved", score.Seeds.Count(seed => seed.Solved));
            json.WriteFinite("steps", score.Seeds.Average(seed => seed.Steps));
        });
        json.WriteObjects("results", cells.Where(item => item.Result is not null), item =>
        {
            var (cell, result) = (item.Cell, item.Result!);
            json.WriteString("task", cell.Task.Title);
            json.WriteNumber("length", cell.Length);
            json.WriteString("net", cell.Net);
            json.WriteFinite("learningRate", cell.LearningRate);
            json.WriteNumber("seed", cell.Seed);
            json.WriteString("ended", result.Ended);
            json.WriteNumber("steps", result.Steps);
            json.WriteFinite("seconds", result.Seconds);
            json.WriteFinite("processorSeconds", result.ProcessorSeconds);
            json.WriteNumber("parameters", result.Parameters);
            ZooCommand.WriteMetrics(json, result.Metrics);
            json.WriteString("version", result.Made.RnnZoo);
            json.WriteString("machine", result.Made.Machine);
        });
    });
}
