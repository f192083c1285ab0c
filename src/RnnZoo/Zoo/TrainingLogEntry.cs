namespace RnnZoo.Zoo;

/// <summary>A line of a model's training log.</summary>
/// <param name="Seed">The seed of the training.</param>
/// <param name="Event"><c>steps</c>: a mean over steps; <c>evaluation</c>: a measurement on the way; <c>end</c>: what came out.</param>
/// <param name="Step">How many steps had been taken, over all stages.</param>
/// <param name="Loss">Of steps: the mean training loss since the line before; of an evaluation: the loss. Null if it is not finite.</param>
/// <param name="GradientNorm">The L2 norm of the last step's gradient before clipping.</param>
/// <param name="LearningRate">The last step's learning rate.</param>
/// <param name="Metric">Of an evaluation: the task's metric.</param>
/// <param name="Seconds">Since training began.</param>
/// <param name="Ended">Of an end: why.</param>
/// <param name="WeightsSha256">Of an end: the SHA-256 of the weights that came out.</param>
public sealed record TrainingLogEntry(long Seed, string Event, int Step, double? Loss, double? GradientNorm, double? LearningRate, double? Metric, double Seconds, string? Ended, string? WeightsSha256);
