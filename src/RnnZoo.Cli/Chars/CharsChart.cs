using System.Globalization;
using RnnZoo.Plots;

namespace RnnZoo.Cli.Chars;

/// <summary>The picture of a training: bits per character against steps.</summary>
internal static class CharsChart
{
    private const int PointsPerLine = 250;

    public static Figure Figure(CharsResult result)
    {
        var (shape, training) = (result.Settings.Shape, result.Settings.Training);
        return new Figure("A character model of " + Path.GetFileName(result.Settings.Text), [Lines(result)])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"{shape.Cell}, hidden size {shape.Hidden}, {training.Streams} streams, chunks of {training.ChunkLength}, seed {result.Settings.Seed}; validation on the last {result.Text.Validation.Count:#,0} of {result.Text.Training.Count + result.Text.Validation.Count:#,0} characters"),
        };
    }

    public static LineChart Lines(CharsResult result)
    {
        var history = result.Progress.History;
        var training = new Series("training", [.. history.Where(record => record.TrainingBits is not null).Select(record => new ChartPoint(record.Step, record.TrainingBits!.Value))]);
        var validation = new Series("validation", [.. history.Where(record => record.ValidationBits is not null).Select(record => new ChartPoint(record.Step, record.ValidationBits!.Value))]);
        return new LineChart(
            "loss",
            new Axis("training step") { Minimum = 0, Maximum = Math.Max(1, result.Progress.Step) },
            new Axis("bits per character"),
            [training.Smoothed(PointsPerLine), validation.Smoothed(PointsPerLine) with { Colour = 1, Markers = validation.Points.Count <= 30 }]);
    }
}
