using RnnZoo.Plots;

namespace RnnZoo.Training;

/// <summary>Several trainings on one task side by side. A cell of a notebook shows it as a picture.</summary>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class TrainingComparison : Display.IPicture
{
    /// <summary>Puts trainings side by side.</summary>
    /// <param name="trainings">The trainings, in the order of their colours.</param>
    /// <exception cref="ArgumentException">There are none, or they are not on the same task with the same settings.</exception>
    public TrainingComparison(params IReadOnlyList<TrainingHistory> trainings)
    {
        ArgumentNullException.ThrowIfNull(trainings);
        if (trainings.Count == 0)
        {
            throw new ArgumentException("trainings: expected at least one, got none.", nameof(trainings));
        }

        var task = trainings[0].Task;
        if (trainings.FirstOrDefault(training => training.Task.Name != task.Name || !training.Task.Settings.OrderBy(entry => entry.Key).SequenceEqual(task.Settings.OrderBy(entry => entry.Key))) is { } other)
        {
            throw new ArgumentException($"trainings: expected all on the same task '{task.Name}' with the same settings, got '{other.Task.Name}' with others for {other.Name}.", nameof(trainings));
        }

        Trainings = trainings;
    }

    /// <summary>The trainings.</summary>
    public IReadOnlyList<TrainingHistory> Trainings { get; }

    /// <summary>The losses against steps, and the task's metric at the end.</summary>
    public Figure ToFigure() => TrainingPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}
