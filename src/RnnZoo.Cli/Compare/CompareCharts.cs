using System.Globalization;
using RnnZoo.Charts;

namespace RnnZoo.Cli.Compare;

/// <summary>The pictures of a comparison: loss against steps at each delay, and recall against delay.</summary>
internal static class CompareCharts
{
    private const int PointsPerLine = 250;

    public static Figure Figure(CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        var panels = settings.Delays.Select(delay => (ChartPanel)Loss(jobs, delay)).Append(Recall(settings, jobs)).ToArray();
        return new Figure("The copy task: " + string.Join(", ", settings.Models), panels)
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"{settings.Symbols} symbols to remember, hidden size {settings.Hidden}, batch {settings.Batch}, {CompareNames.Of(settings.Optimizer)}, seed {settings.Seed}; recall on {settings.FinalSequences:#,0} fresh sequences"),
        };
    }

    /// <summary>The training loss at one delay.</summary>
    public static LineChart Loss(IReadOnlyList<CompareJob> jobs, int delay)
    {
        var here = jobs.Where(job => job.Delay == delay).ToArray();
        var series = here.Select(job => new Series(job.Model, [.. job.Progress.Losses.Select((loss, index) => new ChartPoint(index + 1, loss))])
        {
            Colour = Colour(job.Model),
        }.Smoothed(PointsPerLine)).ToArray();
        var baseline = here[0].Task.Baseline;
        return new LineChart(
            $"delay {delay}",
            new Axis("training step") { Minimum = 0, Maximum = Math.Max(1, here.Max(job => job.Result!.Steps)) },
            new Axis("training loss, nats per step") { Scale = AxisScale.Log },
            series)
        {
            ReferenceLines = [new ReferenceLine(baseline, string.Create(CultureInfo.InvariantCulture, $"without memory: {baseline:0.000}"))],
        };
    }

    /// <summary>Recall at the end of training.</summary>
    public static GroupedBars Recall(CompareSettings settings, IReadOnlyList<CompareJob> jobs)
    {
        double RecallOf(string model, int delay)
            => jobs.Single(job => job.Model == model && job.Delay == delay).Result!.Final?.Metric ?? double.NaN;
        var series = settings.Models.Select(model => new BarSeries(model, [.. settings.Delays.Select(delay => RecallOf(model, delay))])
        {
            Colour = Colour(model),
        });
        return new GroupedBars(
            "recall after training",
            "delay",
            [.. settings.Delays.Select(delay => delay.ToString(CultureInfo.InvariantCulture))],
            new Axis("share of symbols recalled") { Minimum = 0, Maximum = 1 },
            [.. series])
        {
            ReferenceLines = [new ReferenceLine(1.0 / Tasks.CopyTask.Alphabet, "guessing")],
            ValueFormat = "0.000",
        };
    }

    private static int Colour(string model) => CompareDefaults.AllModels.ToList().IndexOf(model);
}
