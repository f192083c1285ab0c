using System.Globalization;
using System.Text;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Tasks;
using RnnZoo.Training;
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
        [.. OfEachRate(cells).GroupBy(score => (score.Task, score.Length, score.Net)).Select(rates => Best([.. rates]))];

    /// <summary>The same at every learning rate, not only at the best.</summary>
    public static IReadOnlyList<SweepScore> OfEachRate(IReadOnlyList<(SweepCell Cell, SweepResult? Result)> cells) =>
        [.. cells.Where(item => item.Result is not null)
            .GroupBy(item => (item.Cell.Task, item.Cell.Length, item.Cell.Net, item.Cell.LearningRate))
            .Select(rate => Of(rate.First().Cell, [.. rate.Select(item => item.Result!)]))];

    private static SweepScore Of(SweepCell cell, SweepResult[] seeds)
    {
        var metric = ModelMeasurement.MetricOf(seeds[0].Metrics[0]);
        var spread = MetricSpread.Of(metric.Name, [.. seeds.Select(seed => seed.Value).OfType<double>()]);
        return new SweepScore(cell.Task, cell.Length, cell.Net, cell.LearningRate, seeds, metric, spread.Mean ?? double.NaN, spread.StandardDeviation);
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
        var cells = folder.Results();
        var scores = SweepScore.OfAll(cells);
        var missing = cells.Count(item => item.Result is null);
        var document = Document(folder, cells, scores, missing);
        var files = OutputFolder.WriteResults(folder.Path, document, scores.Count == 0 ? null : Picture(folder, scores, missing), formats);
        AtomicFile.WriteText(Path.Combine(folder.Path, "table.md"), $"# {TitleOf(folder.Plan)}\n\n{Page(folder, cells, ".")}");
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

    /// <summary>What a sweep came to, in Markdown without a heading: all nets on all tasks, the picture, and a section for each task.</summary>
    /// <param name="folder">The sweep.</param>
    /// <param name="cells">What there is of it.</param>
    /// <param name="pictures">The folder of the picture, from where the page lies.</param>
    internal static string Page(SweepFolder folder, IReadOnlyList<(SweepCell Cell, SweepResult? Result)> cells, string pictures)
    {
        var (plan, scores, results) = (folder.Plan, SweepScore.OfAll(cells), cells.Select(item => item.Result).OfType<SweepResult>().ToArray());
        var machines = results.Select(result => $"{result.Made.Machine}; TorchSharp {result.Made.TorchSharp}, libtorch {result.Made.Libtorch}").Distinct().Order(StringComparer.Ordinal);
        var page = new StringBuilder();
        page.Append($"Plan `{folder.Hash}`: {folder.Cells.Count} trainings at hidden size {plan.Hidden}, {folder.Cells.Count - results.Length} missing; {results.Sum(result => result.ProcessorSeconds) / 3600:0.0} hours of one core. Made on: {string.Join("; ", machines)}.\n\n");
        page.Append($"Each number is the mean over the seeds ± their standard deviation, at the net's learning rate with the best mean; where every seed solved the task, with the mean of the steps that it took.\n\n{Markdown(Table(TableBorder.Markdown, plan.Nets, scores))}");
        page.Append(scores.Count == 0 ? "" : $"\n![Each net's mean on each task]({pictures}/chart.svg)\n");
        foreach (var of in scores.GroupBy(score => (score.Task, score.Length)))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {of.Key.Task.Title} {of.Key.Length}\n\n{Budget(plan, of.Key.Task, of.First().Metric)}\n\n{Markdown(Details(plan.Nets, [.. of]))}");
        }

        return page.ToString();
    }

    private static string TitleOf(SweepPlan plan) => $"{plan.Nets.Count} {(plan.Nets.Count == 1 ? "net" : "nets")} on {plan.Tasks.Count} {(plan.Tasks.Count == 1 ? "task" : "tasks")}";

    private static string Budget(SweepPlan plan, SweepTask task, TaskMetric metric)
    {
        var solved = task.StopAt is { } stop ? $"Solved, and ended, at {(metric.MoreIsBetter ? "a" : "an")} {metric.Name} of {stop}. " : "";
        var clip = task.ClipNorm is { } norm ? $"gradients cut to norm {norm}" : "gradients as they are";
        var own = task.Starts.Where(start => start.Value.Steps is not null).Select(start => $"{start.Value.Steps:#,0} for {start.Key}").ToArray();
        return $"{task.Steps:#,0} steps{(own.Length > 0 ? $" ({string.Join(", ", own)})" : "")} of {task.BatchSize ?? plan.BatchSize} sequences, schedule {TrainingNames.Of(task.Schedule)}, {clip}. {solved}Steps and seconds are means over the seeds, of one core, measurements included.";
    }

    private static Table Details(IReadOnlyList<string> nets, IReadOnlyList<SweepScore> scores) => ReportTable.Of(
        TableBorder.Markdown,
        nets.Select(net => scores.FirstOrDefault(score => score.Net == net)).OfType<SweepScore>(),
        new("net", score => score.Net),
        new(scores[0].Metric.Name, score => Number(score, score.Mean)) { IsRight = true },
        new("±", score => Number(score, score.Deviation)) { IsRight = true },
        new("each seed", score => string.Join(", ", score.Seeds.Select(seed => Number(score, seed.Value)))),
        new("ended by", score => string.Join(", ", score.Seeds.CountBy(seed => seed.Solved ? "solved" : seed.Ended).OrderByDescending(count => count.Value).Select(count => $"{count.Value} {count.Key}"))),
        new("steps", score => score.Seeds.Average(seed => seed.Steps), "#,0"),
        new("seconds", score => score.Seeds.Average(seed => seed.ProcessorSeconds), "#,0"),
        new("parameters", score => score.Seeds[0].Parameters, "#,0"),
        new("rate", score => $"{score.LearningRate}") { IsRight = true },
        new("start", score => score.Task.InitialisationOf(score.Net) ?? "own"));

    private static string Markdown(Table table)
    {
        using var text = new StringWriter();
        ReportConsole.Write(ReportConsole.Create(text, isTerminal: false, WidthOfFiles), table);
        return string.Join('\n', text.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0)) + "\n";
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

        if (double.IsNaN(score.Mean))
        {
            return StopReason.Diverged.Name();
        }

        var solved = score.Seeds.All(seed => seed.Solved) ? $", {score.Seeds.Average(seed => seed.Steps):#,0} steps" : "";
        return $"{Number(score, score.Mean)}{(score.Deviation is null ? "" : $" ± {Number(score, score.Deviation)}")}{solved}";
    }

    private static string Number(SweepScore score, double? value) => NumberText.OfMetric(score.Metric, value).Trim();

    private static Figure Picture(SweepFolder folder, IReadOnlyList<SweepScore> scores, int missing)
    {
        var nets = folder.Plan.Nets;
        var panels = scores.GroupBy(score => (score.Task, score.Length)).Select(of =>
        {
            var (title, metric) = ($"{of.Key.Task.Title} {of.Key.Length}", of.First().Metric);
            double[] means = [.. nets.Select(net => of.FirstOrDefault(score => score.Net == net)?.Mean ?? double.NaN)];
            return (ChartPanel)new GroupedBars(title, "", nets, new Axis(AxisOf(metric)) { Minimum = 0, Maximum = metric.MoreIsBetter ? 1 : null }, [new BarSeries(title, means)])
            {
                ValueFormat = metric.MoreIsBetter ? "0.000" : "0.0000",
                Lying = true,
            };
        });
        return new Figure(TitleOf(folder.Plan), [.. panels])
        {
            Subtitle = $"hidden size {folder.Plan.Hidden}; each bar the mean over seeds at its net's best learning rate{(missing > 0 ? $"; {missing} trainings are missing" : "")}",
        };
    }

    private static string AxisOf(TaskMetric metric) => $"{metric.Name}, {(metric.MoreIsBetter ? "more" : "less")} is better";

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
