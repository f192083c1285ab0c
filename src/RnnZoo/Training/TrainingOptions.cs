using RnnZoo.Tasks;

namespace RnnZoo.Training;

/// <summary>How to train.</summary>
public sealed record TrainingOptions
{
    /// <summary>How many steps to train at most.</summary>
    public int Steps { get; init; } = 1_000;

    /// <summary>B: how many fresh sequences each step sees.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary>The optimizer's learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>
    /// What the learning rate is multiplied with for the parameters that orthogonal matrices are made of (skew_hh of
    /// <see cref="RnnZoo.Cells.OrthogonalCell"/>), which turn every step of a sequence; other nets have none.
    /// </summary>
    public double SkewRateFactor { get; init; } = 0.1;

    /// <summary>How the learning rate changes on the way to <see cref="Steps"/>.</summary>
    public LearningRateSchedule Schedule { get; init; }

    /// <summary>The largest L2 norm that the gradient of all weights together may have; a larger one is scaled down. Null clips nothing.</summary>
    public double? ClipNorm { get; init; } = 1;

    /// <summary>
    /// What to train on first, one after the other, before the task itself; their steps count towards <see cref="Steps"/>, and
    /// the optimizer goes on from one to the next. Looks and measurements are of the task itself throughout.
    /// </summary>
    public IReadOnlyList<CurriculumStage> Curriculum { get; init; } = [];

    /// <summary>After how many steps, again and again, to look at the task's metric.</summary>
    public int EvaluateEvery { get; init; } = 100;

    /// <summary>How many fresh sequences such a look takes.</summary>
    public int EvaluationSequences { get; init; } = 256;

    /// <summary>How many fresh sequences the final result is measured on; of a task with a test set it is the whole of that.</summary>
    public int FinalSequences { get; init; } = 1_024;

    /// <summary>
    /// Training ends before the step limit once the task's metric is this good (at least this for recall and accuracy, at
    /// most this for a squared error), on a look and then on <see cref="FinalSequences"/> fresh sequences, whose score
    /// becomes the result. Null never ends early.
    /// </summary>
    public double? StopAtMetric { get; init; }

    /// <summary>Where the data's randomness comes from: the same seed gives the same sequences to any model.</summary>
    public long Seed { get; init; }

    /// <summary>The stage of the curriculum that a step belongs to.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <returns>Null once the curriculum is over.</returns>
    internal CurriculumStage? StageAt(int step)
    {
        foreach (var stage in Curriculum)
        {
            if (step <= stage.Steps)
            {
                return stage;
            }

            step -= stage.Steps;
        }

        return null;
    }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check.InRange(Steps >= 0, nameof(Steps), "at least 0", Steps);
        Check.InRange(BatchSize >= 1, nameof(BatchSize), "at least 1", BatchSize);
        Check.InRange(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), "above 0 and finite", LearningRate);
        Check.InRange(SkewRateFactor > 0 && double.IsFinite(SkewRateFactor), nameof(SkewRateFactor), "above 0 and finite", SkewRateFactor);
        Check.InRange(Enum.IsDefined(Schedule), nameof(Schedule), "a named schedule", Schedule);
        Check.InRange(ClipNorm is null or > 0, nameof(ClipNorm), "above 0, or null for no clipping", ClipNorm);
        foreach (var stage in Curriculum)
        {
            Check.InRange(stage.Steps >= 1, $"{nameof(Curriculum)} on {stage.Task.Name}", "at least 1 step", stage.Steps);
        }

        Check.InRange(EvaluateEvery >= 1, nameof(EvaluateEvery), "at least 1", EvaluateEvery);
        Check.InRange(EvaluationSequences >= 1, nameof(EvaluationSequences), "at least 1", EvaluationSequences);
        Check.InRange(FinalSequences >= 1, nameof(FinalSequences), "at least 1", FinalSequences);
        Check.InRange(StopAtMetric is null || (StopAtMetric > 0 && double.IsFinite(StopAtMetric.Value)), nameof(StopAtMetric), "above 0 and finite, or null", StopAtMetric);
    }
}

/// <summary>A stretch of training on an easier task of the same kind, before the task itself (Bengio and others, "Curriculum
/// Learning", 2009).</summary>
/// <param name="Steps">How many steps it takes.</param>
/// <param name="Task">Where the sequences of these steps come from, and their loss.</param>
public sealed record CurriculumStage(int Steps, ISequenceTask Task);
