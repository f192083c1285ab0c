using System.Globalization;
using RnnZoo.Plots;

namespace RnnZoo.Characters;

/// <summary>
/// How far a training has come. A plain record for System.Text.Json. A cell of a notebook shows it as a picture.
/// </summary>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed record CharacterProgress : Display.IPicture
{
    private const int PointsPerLine = 250;

    /// <summary>How many steps were taken.</summary>
    public int Step { get; init; }

    /// <summary>The best measurement on the held-out text, in bits per character; null before the first.</summary>
    public double? BestBits { get; init; }

    /// <summary>The step of the best measurement.</summary>
    public int BestStep { get; init; }

    /// <summary>How many measurements there were since the best one.</summary>
    public int SinceBest { get; init; }

    /// <summary>The sum, since the last report, of the loss in nats over characters.</summary>
    public double UnreportedLoss { get; init; }

    /// <summary>How many characters <see cref="UnreportedLoss"/> is of.</summary>
    public long UnreportedCharacters { get; init; }

    /// <summary>How many characters were trained on, those of later epochs again.</summary>
    public long Characters { get; init; }

    /// <summary>How long the training steps took.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>How long everything took: steps, measurements, checkpoints.</summary>
    public double Seconds { get; init; }

    /// <summary>The reports and measurements so far.</summary>
    public IReadOnlyList<CharacterRecord> History { get; init; } = [];

    /// <summary>Bits per character of what was trained on and of the held-out text, and the gradient's norm, against steps.</summary>
    public Figure ToFigure()
    {
        var steps = new Axis("training step") { Minimum = 0, Maximum = Math.Max(1, Step) };
        return new Figure("a text by characters",
        [
            new LineChart("bits per character", steps, new Axis("bits per character"),
                [
                    Line("training", record => record.TrainingBits),
                    Line("held-out text", record => record.ValidationBits) with { Markers = true, Colour = 1 },
                ]),
            new LineChart("the gradient's norm", steps, new Axis("L2 norm before clipping") { Scale = AxisScale.Log },
                [Line("training", record => record.GradientNorm)]),
        ])
        {
            Subtitle = string.Create(CultureInfo.InvariantCulture,
                $"{Step:#,0} steps, {Characters:#,0} characters{(BestBits is { } bits ? $"; held-out text at best {bits:G3} bits per character, at step {BestStep:#,0}" : "")}"),
        };

        Series Line(string name, Func<CharacterRecord, double?> value) =>
            new Series(name, [.. History.Where(record => value(record) is not null).Select(record => new ChartPoint(record.Step, value(record)!.Value))]).Smoothed(PointsPerLine);
    }

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}

/// <summary>A line in the history of a training.</summary>
/// <param name="Step">How many steps had been taken.</param>
/// <param name="TrainingBits">The mean training loss since the report before, in bits per character; null for a measurement.</param>
/// <param name="ValidationBits">Bits per character of the held-out text; null for a report.</param>
/// <param name="GradientNorm">The L2 norm of the last step's gradient before clipping; null for a measurement.</param>
/// <param name="LearningRate">The last step's learning rate.</param>
/// <param name="Seconds">Since training began, time between a stop and a resumption left out.</param>
public sealed record CharacterRecord(int Step, double? TrainingBits, double? ValidationBits, double? GradientNorm, double LearningRate, double Seconds);

/// <summary>Is told what happens in the training of a character model, on the thread that trains. Only a checkpoint's progress comes with its history.</summary>
public interface ICharacterTrainingObserver
{
    /// <summary>A step was taken.</summary>
    /// <param name="progress">How far the training has come.</param>
    /// <param name="loss">The step's mean loss, in nats per character.</param>
    void OnStep(CharacterProgress progress, double loss);

    /// <summary>The held-out text was measured.</summary>
    /// <param name="progress">How far the training has come.</param>
    /// <param name="measurement">What was measured.</param>
    /// <param name="isBest">Whether the weights are the best so far, to be kept.</param>
    void OnMeasurement(CharacterProgress progress, CharacterRecord measurement, bool isBest);

    /// <summary>A checkpoint was written.</summary>
    /// <param name="progress">What it holds.</param>
    void OnCheckpoint(CharacterProgress progress);
}
