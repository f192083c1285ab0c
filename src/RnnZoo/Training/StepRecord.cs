namespace RnnZoo.Training;

/// <summary>One step of training.</summary>
/// <param name="Step">The number of the step, from 1.</param>
/// <param name="Loss">The mean loss of the step's batch, before the step, in the task's unit.</param>
/// <param name="GradientNorm">The L2 norm of the gradient of all weights together, before clipping.</param>
/// <param name="LearningRate">The optimizer's learning rate.</param>
/// <param name="Seconds">Since training began.</param>
public readonly record struct StepRecord(int Step, double Loss, double GradientNorm, double LearningRate, double Seconds);
