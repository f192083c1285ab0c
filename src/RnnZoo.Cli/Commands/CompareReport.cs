using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Modules;
using RnnZoo.Plots;
using RnnZoo.Tasks;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a comparison: one JSON document, or for people a table, a chart and bars.</summary>
internal static class CompareReport
{
    public static void Show(CliHost host, CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        ReportConsole.Write(host, CreateTable(settings.Task, jobs));
        host.Output.WriteLine();
        host.Output.WriteLine(TerminalLines.Render(CompareCharts.Loss(settings.Task, jobs, settings.Sizes.Max()), Math.Min(host.Width, 100), colours: host.OutputHasColours));
        host.Output.WriteLine(TerminalBars.Render(CompareCharts.Metric(settings, jobs), Math.Min(host.Width, 80), colours: host.OutputHasColours));
    }

    public static string Document(CompareSettings settings, IReadOnlyList<CompareJob> jobs) => JsonText.Write(json =>
    {
        var metric = jobs[0].Task.Metric;
        json.WriteString("task", settings.Task.Name);
        RunHeader.Write(json, settings.Seed, settings.Threads, "float32");
        if (settings.Task.HasSymbols)
        {
            json.WriteNumber("symbols", settings.Symbols);
        }

        json.WriteNumber("hidden", settings.Hidden);
        json.WriteNumber("batch", settings.Training.BatchSize);
        json.WriteNumber("stepLimit", settings.Training.Steps);
        json.WriteString("optimizer", TrainingNames.Of(settings.Training.Optimizer));
        json.WriteString("schedule", TrainingNames.Of(settings.Training.Schedule));
        json.WriteFinite("clip", settings.Training.ClipNorm);
        json.WriteString("metric", metric.Name);
        json.WriteBoolean("moreIsBetter", metric.MoreIsBetter);
        json.WriteFinite("stopAt", settings.Task.StopAt);
        json.WriteNumber($"{metric.Name}Sequences", jobs[0].MeasuredSequences);
        json.WriteBoolean("partial", jobs.Any(job => job.IsPartial));
        json.WriteObjects("results", jobs, job =>
        {
            var result = job.Result;
            json.WriteNumber(settings.Task.SizeName, job.Size);
            json.WriteString("model", job.Model);
            json.WriteNumber("parameters", job.Parameters);
            json.WriteFinite("loss", result.Final?.Loss);
            json.WriteFinite("baseline", job.Task.Baseline);
            json.WriteFinite(metric.Name, result.Final?.Metric);
            json.WriteFinite("standardError", result.Final?.StandardError);
            json.WriteNumber("steps", result.Steps);
            json.WriteFinite("seconds", Math.Round(result.Seconds, 3));
            json.WriteString("backward", TrainingNames.Of(job.Net.Recurrent.EffectiveBackward));
            json.WriteFinite("learningRate", job.Options.LearningRate);
            json.WriteString("init", job.Initialisation);
            json.WriteString("ended", result.Reason.Name(metric.Name));
            json.WriteBoolean("partial", job.IsPartial);
        });
    });

    private static Table CreateTable(CompareTask task, IReadOnlyList<CompareJob> jobs)
    {
        var metric = jobs[0].Task.Metric;
        return ReportTable.Of(
            TableBorder.Rounded,
            jobs,
            new(task.SizeName, job => job.Size, "0"),
            new("model", job => job.Model),
            new("parameters", job => job.Parameters, "#,0"),
            new("loss", job => job.Result.Final?.Loss is { } loss && double.IsFinite(loss) ? NumberText.OfLoss(loss) : "–") { IsRight = true },
            new("baseline", job => job.Task.Baseline, "0.0000"),
            new(metric.Name, job => job.Result.Final?.Metric is { } value && double.IsFinite(value) ? NumberText.OfMetric(metric, value) : "–") { IsRight = true },
            new("steps", job => job.Result.Steps, "#,0"),
            new("seconds", job => job.Result.Seconds, "0.0"),
            new("ended by", job => job.Result.Reason.Name(metric.Name)));
    }
}

/// <summary>The pictures of a comparison: loss against steps at each size, and the task's metric against size.</summary>
internal static class CompareCharts
{
    private const int PointsPerLine = 250;

    public static Figure Figure(CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        var task = settings.Task;
        var panels = settings.Sizes.Select(size => (ChartPanel)Loss(task, jobs, size)).Append(Metric(settings, jobs)).ToArray();
        var symbols = task.HasSymbols ? $"{settings.Symbols} symbols to remember, " : "";
        return new Figure($"{task.Title}: " + string.Join(", ", settings.Models), panels)
        {
            Subtitle = $"{symbols}hidden size {settings.Hidden}, batch {settings.Training.BatchSize}, {TrainingNames.Of(settings.Training.Optimizer)}, seed {settings.Seed}; {jobs[0].Task.Metric.Name} on {jobs[0].MeasuredSequences:#,0} {(settings.Task.ReadsFiles ? "test images" : "fresh sequences")}",
        };
    }

    /// <summary>The training loss at one size.</summary>
    public static LineChart Loss(CompareTask task, IReadOnlyList<CompareJob> jobs, int size)
    {
        var here = jobs.Where(job => job.Size == size).ToArray();
        var series = here.Select(job => new Series(job.Model, [.. job.Progress.Losses.Select((loss, index) => new ChartPoint(index + 1, loss))])
        {
            Colour = NetColours.Of(job.Model, jobs.Select(other => other.Model)),
        }.Smoothed(PointsPerLine)).ToArray();
        var posed = here[0].Task;
        return new LineChart(
            $"{task.SizeName} {size}",
            new Axis("training step") { Minimum = 0, Maximum = Math.Max(1, here.Max(job => job.Result.Steps)) },
            new Axis($"training loss, {posed.LossUnit}") { Scale = AxisScale.Log },
            series)
        {
            ReferenceLines = [new ReferenceLine(posed.Baseline, $"without memory: {posed.Baseline:0.000}")],
        };
    }

    /// <summary>The metric at the end of training.</summary>
    public static GroupedBars Metric(CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        double ValueOf(string model, int size)
            => jobs.Single(job => job.Model == model && job.Size == size).Result.Final?.Metric ?? double.NaN;
        var series = settings.Models.Select(model => new BarSeries(model, [.. settings.Sizes.Select(size => ValueOf(model, size))])
        {
            Colour = NetColours.Of(model, settings.Models),
        });
        var metric = jobs[0].Task.Metric;
        return new GroupedBars(
            $"{metric.Name} after training",
            settings.Task.SizeName,
            [.. settings.Sizes.Select(size => size.ToString())],
            new Axis(settings.Task.MetricTitle) { Minimum = 0, Maximum = metric.MoreIsBetter ? 1 : Highest(jobs, metric) },
            [.. series])
        {
            ReferenceLines = Guess(settings, jobs) is { } guess ? [guess] : [],
            ValueFormat = metric.MoreIsBetter ? "0.000" : "0.0000",
        };
    }

    // A net that ended far above the baseline has learned nothing; its bar is cut, its number still stands over it.
    private static double Highest(IReadOnlyList<CompareJob> jobs, TaskMetric metric)
        => Math.Clamp(jobs.Max(job => job.Result.Final?.Metric ?? 0), 1.2 * metric.Baseline, 2 * metric.Baseline);

    /// <summary>Where guessing ends up, if that is the same at all sizes.</summary>
    private static ReferenceLine? Guess(CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        var baselines = jobs.Select(job => job.Task.Metric.Baseline).Distinct().ToArray();
        return baselines.Length == 1 ? new ReferenceLine(baselines[0], settings.Task.HasSymbols ? "guessing" : "without memory") : null;
    }
}

/// <summary>The colours of nets in pictures: each of the first in the registry has the same one in all of them.</summary>
internal static class NetColours
{
    /// <summary>The place of a net's colour in the palette: its place in the registry; for those beyond the palette the first colour that no net beside it has.</summary>
    public static int Of(string net, IEnumerable<string> beside)
    {
        var registry = RecurrentNets.Names.ToList();
        var places = new Dictionary<string, int>();
        foreach (var name in beside.Append(net).Distinct().OrderBy(registry.IndexOf))
        {
            var own = registry.IndexOf(name);
            places[name] = own < Palette.Colours.Count ? own : Enumerable.Range(0, Palette.Colours.Count).Append(own).First(place => !places.ContainsValue(place));
        }

        return places[net];
    }
}
