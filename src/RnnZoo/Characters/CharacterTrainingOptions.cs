using RnnZoo.Training;

namespace RnnZoo.Characters;

/// <summary>How to train a character model; a recipe holds it as JSON.</summary>
/// <param name="Steps">How many steps to train at most; each sees one chunk of all streams.</param>
/// <param name="Streams">B: into how many streams the text is cut.</param>
/// <param name="ChunkLength">k: how many characters of each stream a step sees, and how far gradients reach back.</param>
/// <param name="RandomLength">Whether the chunks' lengths are drawn at random around k; the learning rate then follows the length.</param>
/// <param name="Optimizer">The optimizer.</param>
/// <param name="LearningRate">The optimizer's learning rate.</param>
/// <param name="Schedule">How the learning rate changes on the way to <paramref name="Steps"/>.</param>
/// <param name="ClipNorm">The largest L2 norm that the gradient of all weights together may have; a larger one is scaled down. Null clips nothing.</param>
/// <param name="ValidateEvery">After how many steps, again and again, to measure on the held-out text; the last step is always measured.</param>
/// <param name="Patience">Training ends before the step limit after so many measurements without a new best one. Null never ends early.</param>
/// <param name="CheckpointEvery">After how many steps, again and again, to write a checkpoint.</param>
/// <param name="ReportEvery">After how many steps, again and again, to report the mean training loss since the last report.</param>
internal sealed record CharacterTrainingOptions(
    int Steps = 10_000, int Streams = 32, int ChunkLength = 35, bool RandomLength = false,
    OptimizerKind Optimizer = OptimizerKind.Adam, double LearningRate = 4e-3, LearningRateSchedule Schedule = LearningRateSchedule.Cosine, double? ClipNorm = 1,
    int ValidateEvery = 1_000, int? Patience = null, int CheckpointEvery = 1_000, int ReportEvery = 100)
{
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
