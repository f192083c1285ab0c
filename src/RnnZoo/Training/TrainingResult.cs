namespace RnnZoo.Training;

/// <summary>What came of a training.</summary>
/// <param name="Steps">How many steps were taken.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Final">The measurement at the end; null when training diverged or no step was taken before it was cancelled.</param>
/// <param name="Seconds">How long it took, measurements included.</param>
public sealed record TrainingResult(int Steps, StopReason Reason, EvaluationRecord? Final, double Seconds);
