using RnnZoo.Training;

namespace RnnZoo.Characters;

/// <summary>How to train a character model. A plain record for System.Text.Json.</summary>
public sealed record CharacterTrainingOptions
{
    /// <summary>How many steps to train at most; each sees one chunk of all streams.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>B: into how many streams the text is cut.</summary>
    public int Streams { get; init; } = 32;

    /// <summary>k: how many characters of each stream a step sees, and how far gradients reach back.</summary>
    public int ChunkLength { get; init; } = 35;

    /// <summary>Whether the chunks' lengths are drawn at random around k; the learning rate then follows the length.</summary>
    public bool RandomLength { get; init; }

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary>The optimizer's learning rate.</summary>
    public double LearningRate { get; init; } = 4e-3;

    /// <summary>How the learning rate changes on the way to <see cref="Steps"/>.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    /// <summary>The largest L2 norm that the gradient of all weights together may have; a larger one is scaled down. Null clips nothing.</summary>
    public double? ClipNorm { get; init; } = 1;

    /// <summary>After how many steps, again and again, to measure on the held-out text; the last step is always measured.</summary>
    public int ValidateEvery { get; init; } = 1_000;

    /// <summary>Training ends before the step limit after so many measurements without a new best one. Null never ends early.</summary>
    public int? Patience { get; init; }

    /// <summary>After how many steps, again and again, to write a checkpoint.</summary>
    public int CheckpointEvery { get; init; } = 1_000;

    /// <summary>After how many steps, again and again, to report the mean training loss since the last report.</summary>
    public int ReportEvery { get; init; } = 100;

    /// <summary>Where all randomness of the training comes from.</summary>
    public long Seed { get; init; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check.InRange(Steps >= 1, nameof(Steps), "at least 1", Steps);
        Check.InRange(Streams >= 1, nameof(Streams), "at least 1", Streams);
        Check.InRange(ChunkLength >= 1, nameof(ChunkLength), "at least 1", ChunkLength);
        Check.InRange(Enum.IsDefined(Optimizer), nameof(Optimizer), "a named optimizer", Optimizer);
        Check.InRange(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), "above 0 and finite", LearningRate);
        Check.InRange(Enum.IsDefined(Schedule), nameof(Schedule), "a named schedule", Schedule);
        Check.InRange(ClipNorm is null or > 0, nameof(ClipNorm), "above 0, or null for no clipping", ClipNorm);
        Check.InRange(ValidateEvery >= 1, nameof(ValidateEvery), "at least 1", ValidateEvery);
        Check.InRange(Patience is null or >= 1, nameof(Patience), "at least 1, or null to never end early", Patience);
        Check.InRange(CheckpointEvery >= 1, nameof(CheckpointEvery), "at least 1", CheckpointEvery);
        Check.InRange(ReportEvery >= 1, nameof(ReportEvery), "at least 1", ReportEvery);
    }
}
