using RnnZoo.Gradients;

namespace RnnZoo.Training;

/// <summary>Tells a <see cref="GradientMonitor"/> of a trainer's steps.</summary>
/// <param name="monitor">The monitor; it stays the caller's.</param>
public sealed class GradientMonitorObserver(GradientMonitor monitor) : ITrainingObserver
{
    /// <inheritdoc/>
    public void OnStep(in StepRecord step) => monitor.Observe(step.Step, step.GradientNorm);

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationRecord evaluation)
    {
    }

    /// <inheritdoc/>
    public void OnEnd(TrainingResult result)
    {
    }
}
