using System.Globalization;
using RnnZoo.Cli.Options;
using RnnZoo.Plots;
using RnnZoo.Tasks;

namespace RnnZoo.Cli.Commands;

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
