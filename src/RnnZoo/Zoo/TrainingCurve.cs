using System.Globalization;
using RnnZoo.Plots;
using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

/// <summary>The curves of a model's trainings, made of its manifest and its log alone.</summary>
public static class TrainingCurve
{
    private const int PointsPerLine = 200;

    /// <summary>Draws loss and metric of every seed against steps.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="log">Its log.</param>
    public static Figure Draw(ModelManifest manifest, IReadOnlyList<TrainingLogEntry> log)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(log);
        var task = (manifest.Recipe as SequenceRecipe)?.Task.Create();
        var steps = Math.Max(1, log.Count == 0 ? 1 : log.Max(entry => entry.Step));
        var loss = new LineChart("training loss", Steps(steps), new Axis(task?.LossUnit ?? "bits per character") { Scale = AxisScale.Log }, Lines(manifest, log, "steps", entry => entry.Loss))
        {
            ReferenceLines = task is null ? [] : [Baseline(task.Baseline)],
        };
        var metric = new LineChart("on fresh sequences, on the way", Steps(steps), MetricAxis(task), Lines(manifest, log, "evaluation", entry => entry.Metric))
        {
            Title = task is null ? "on the held-out text, on the way" : "on fresh sequences, on the way",
            ReferenceLines = task is null ? [] : [Baseline(task.Metric.Baseline)],
        };
        return new Figure(manifest.Name, metric.Series.Any(series => series.Points.Count > 0) ? [loss, metric] : [loss]) { Subtitle = manifest.Summary };
    }

    private static Axis Steps(int steps) => new("training step") { Minimum = 0, Maximum = steps };

    private static Axis MetricAxis(ISequenceTask? task) => task?.Metric.MoreIsBetter == true
        ? new Axis(task.Metric.Name) { Minimum = 0, Maximum = 1 }
        : new Axis(task?.Metric.Name ?? "bits per character") { Scale = AxisScale.Log };

    private static ReferenceLine Baseline(double value) => new(value, string.Create(CultureInfo.InvariantCulture, $"without memory: {value:0.0000}"));

    private static Series[] Lines(ModelManifest manifest, IReadOnlyList<TrainingLogEntry> log, string kind, Func<TrainingLogEntry, double?> value) =>
    [
        .. manifest.Recipe.Seeds.Select((seed, index) => new Series(
            $"seed {seed}{(seed == manifest.Recipe.CommittedSeed ? " (committed)" : "")}",
            [.. log.Where(entry => entry.Seed == seed && entry.Event == kind && value(entry) is not null).Select(entry => new ChartPoint(entry.Step, value(entry)!.Value))])
        {
            Colour = index % 3,
            Dashed = seed != manifest.Recipe.CommittedSeed,
        }.Smoothed(PointsPerLine)),
    ];
}
