namespace RnnZoo.Training;

/// <summary>A measurement on fresh sequences.</summary>
/// <param name="Step">How many steps had been trained.</param>
/// <param name="Loss">The mean loss in the task's unit.</param>
/// <param name="Recall">The share of the symbols given right; null for a task without recall.</param>
/// <param name="Sequences">How many sequences were measured.</param>
/// <param name="Seconds">Since training began.</param>
public sealed record EvaluationRecord(int Step, double Loss, double? Recall, long Sequences, double Seconds);
