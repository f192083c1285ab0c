using RnnZoo.Plots;
using RnnZoo.Tasks;

namespace RnnZoo.Training;

/// <summary>
/// Keeps what happens in a training, to look at afterwards: give it to a <see cref="Trainer"/> as an observer. A cell of a
/// notebook shows it as a picture.
/// </summary>
/// <param name="name">What the training is called, such as the model's name.</param>
/// <param name="task">What is trained for: gives the baseline and the unit.</param>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class TrainingHistory(string name, ISequenceTask task) : ITrainingObserver, Display.IPicture
{
    private readonly List<StepRecord> _steps = [];
    private readonly List<EvaluationRecord> _evaluations = [];

    /// <summary>What the training is called.</summary>
    public string Name { get; } = name;

    /// <summary>What was trained for.</summary>
    public ISequenceTask Task { get; } = task;

    /// <summary>All steps so far.</summary>
    public IReadOnlyList<StepRecord> Steps => _steps;

    /// <summary>All measurements so far, the final one included.</summary>
    public IReadOnlyList<EvaluationRecord> Evaluations => _evaluations;

    /// <summary>What came of it; null until it ends.</summary>
    public TrainingResult? Result { get; private set; }

    /// <inheritdoc/>
    public void OnStep(in StepRecord step) => _steps.Add(step);

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationRecord evaluation) => _evaluations.Add(evaluation);

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result) => Result = result;

    /// <summary>The loss, the task's metric and the gradient's norm against steps.</summary>
    public Figure ToFigure() => TrainingPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}
