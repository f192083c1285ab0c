using System.Globalization;
using System.Text.Json;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Plots;
using RnnZoo.Tasks;
using RnnZoo.Training;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a comparison for people to read.</summary>
internal static class CompareTable
{
    public static Table Create(CompareTask task, IReadOnlyList<CompareJob> jobs)
    {
        var table = new Table().Border(TableBorder.Rounded);
        var metric = jobs[0].Task.Metric;
        string[] right = ["parameters", "loss", "baseline", metric.Name, "steps", "seconds"];
        table.AddColumn(new TableColumn(task.SizeName).RightAligned()).AddColumn("model");
        table.AddColumns([.. right.Select(title => new TableColumn(title).RightAligned().NoWrap())]);
        table.AddColumn(new TableColumn("ended by").NoWrap());
        foreach (var job in jobs)
        {
            var result = job.Result!;
            table.AddRow(
                Number(job.Size, "0"),
                job.Model,
                Number(job.Parameters, "#,0"),
                result.Final?.Loss is { } loss && double.IsFinite(loss) ? MetricText.OfLoss(loss) : "–",
                Number(job.Task.Baseline, "0.0000"),
                result.Final?.Metric is { } value && double.IsFinite(value) ? MetricText.Of(metric, value) : "–",
                Number(result.Steps, "#,0"),
                Number(result.Seconds, "0.0"),
                result.Reason.Name(job.Task.Metric.Name));
        }

        return table;
    }

    private static string Number(double? value, string format)
        => value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "–";
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
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"{symbols}hidden size {settings.Hidden}, batch {settings.Batch}, {TrainingNames.Of(settings.Optimizer)}, seed {settings.Seed}; {jobs[0].Task.Metric.Name} on {settings.FinalSequences:#,0} fresh sequences"),
        };
    }

    /// <summary>The training loss at one size.</summary>
    public static LineChart Loss(CompareTask task, IReadOnlyList<CompareJob> jobs, int size)
    {
        var here = jobs.Where(job => job.Size == size).ToArray();
        var series = here.Select(job => new Series(job.Model, [.. job.Progress.Losses.Select((loss, index) => new ChartPoint(index + 1, loss))])
        {
            Colour = CompareDefaults.Colour(job.Model),
        }.Smoothed(PointsPerLine)).ToArray();
        var posed = here[0].Task;
        return new LineChart(
            $"{task.SizeName} {size}",
            new Axis("training step") { Minimum = 0, Maximum = Math.Max(1, here.Max(job => job.Result!.Steps)) },
            new Axis($"training loss, {posed.LossUnit}") { Scale = AxisScale.Log },
            series)
        {
            ReferenceLines = [new ReferenceLine(posed.Baseline, string.Create(CultureInfo.InvariantCulture, $"without memory: {posed.Baseline:0.000}"))],
        };
    }

    /// <summary>The metric at the end of training.</summary>
    public static GroupedBars Metric(CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        double ValueOf(string model, int size)
            => jobs.Single(job => job.Model == model && job.Size == size).Result!.Final?.Metric ?? double.NaN;
        var series = settings.Models.Select(model => new BarSeries(model, [.. settings.Sizes.Select(size => ValueOf(model, size))])
        {
            Colour = CompareDefaults.Colour(model),
        });
        var metric = jobs[0].Task.Metric;
        return new GroupedBars(
            $"{metric.Name} after training",
            settings.Task.SizeName,
            [.. settings.Sizes.Select(size => size.ToString(CultureInfo.InvariantCulture))],
            new Axis(settings.Task.MetricTitle) { Minimum = 0, Maximum = metric.MoreIsBetter ? 1 : Highest(jobs, metric) },
            [.. series])
        {
            ReferenceLines = Guess(settings, jobs) is { } guess ? [guess] : [],
            ValueFormat = metric.MoreIsBetter ? "0.000" : "0.0000",
        };
    }

    // A net that ended far above the baseline has learned nothing; its bar is cut, its number still stands over it.
    private static double Highest(IReadOnlyList<CompareJob> jobs, TaskMetric metric)
        => Math.Clamp(jobs.Max(job => job.Result!.Final?.Metric ?? 0), 1.2 * metric.Baseline, 2 * metric.Baseline);

    /// <summary>Where guessing ends up, if that is the same at all sizes.</summary>
    private static ReferenceLine? Guess(CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        var baselines = jobs.Select(job => job.Task.Metric.Baseline).Distinct().ToArray();
        return baselines.Length == 1 ? new ReferenceLine(baselines[0], settings.Task.HasSymbols ? "guessing" : "without memory") : null;
    }
}

/// <summary>The results of a comparison as one JSON document, for files and for `--json`.</summary>
internal static class CompareJson
{
    public static string Write(CompareSettings settings, IReadOnlyList<CompareJob> jobs) => JsonText.Write(json =>
    {
        json.WriteString("task", settings.Task.Name);
        json.WriteString("torchSharp", TorchBackend.TorchSharpVersion);
        json.WriteNumber("seed", settings.Seed);
        json.WriteNumber("threads", settings.Threads);
        json.WriteString("version", VersionAction.Version);
        json.WriteString("libtorch", TorchBackend.LibtorchVersion);
        json.WriteString("dtype", "float32");
        if (settings.Task.HasSymbols)
        {
            json.WriteNumber("symbols", settings.Symbols);
        }

        json.WriteNumber("hidden", settings.Hidden);
        json.WriteNumber("batch", settings.Batch);
        json.WriteNumber("stepLimit", settings.Steps);
        json.WriteString("optimizer", TrainingNames.Of(settings.Optimizer));
        json.WriteString("schedule", TrainingNames.Of(settings.Schedule));
        json.WriteFinite("clip", settings.Clip > 0 ? settings.Clip : null);
        var metric = jobs[0].Task.Metric;
        json.WriteString("metric", metric.Name);
        json.WriteBoolean("moreIsBetter", metric.MoreIsBetter);
        json.WriteFinite("stopAt", settings.Task.StopAt);
        json.WriteNumber($"{metric.Name}Sequences", settings.FinalSequences);
        json.WriteBoolean("partial", jobs.Any(IsPartial));
        json.WriteStartArray("results");
        foreach (var job in jobs)
        {
            WriteResult(json, settings.Task, job);
        }

        json.WriteEndArray();
    });

    private static bool IsPartial(CompareJob job) => job.Result!.Reason == StopReason.Cancelled;

    private static void WriteResult(Utf8JsonWriter json, CompareTask task, CompareJob job)
    {
        var result = job.Result!;
        json.WriteStartObject();
        json.WriteNumber(task.SizeName, job.Size);
        json.WriteString("model", job.Model);
        json.WriteNumber("parameters", job.Parameters);
        json.WriteFinite("loss", result.Final?.Loss);
        json.WriteFinite("baseline", job.Task.Baseline);
        json.WriteFinite(job.Task.Metric.Name, result.Final?.Metric);
        json.WriteFinite("standardError", result.Final?.StandardError);
        json.WriteNumber("steps", result.Steps);
        json.WriteFinite("seconds", Math.Round(result.Seconds, 3));
        json.WriteString("backward", TrainingNames.Of(job.Net.Recurrent.EffectiveBackward));
        json.WriteFinite("learningRate", job.Options.LearningRate);
        json.WriteString("init", job.Initialisation);
        json.WriteString("ended", result.Reason.Name(job.Task.Metric.Name));
        json.WriteBoolean("partial", IsPartial(job));
        json.WriteEndObject();
    }
}
