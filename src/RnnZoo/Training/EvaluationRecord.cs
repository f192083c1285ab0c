namespace RnnZoo.Training;

/// <summary>A measurement on fresh sequences.</summary>
/// <param name="Step">How many steps had been trained.</param>
/// <param name="Loss">The mean loss in the task's unit.</param>
/// <param name="Metric">The task's metric, the mean over the sequences.</param>
/// <param name="StandardError">The standard error of <paramref name="Metric"/> over the sequences; not a number for a single one.</param>
/// <param name="Sequences">How many sequences were measured.</param>
/// <param name="Seconds">Since training began.</param>
public sealed record EvaluationRecord(int Step, double Loss, double Metric, double StandardError, long Sequences, double Seconds);
