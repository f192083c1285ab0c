namespace RnnZoo.Training;

/// <summary>Is told what happens in training, on the thread that trains.</summary>
public interface ITrainingObserver
{
    /// <summary>A step was taken, or ended the training because it was not finite.</summary>
    /// <param name="step">What it measured.</param>
    void OnStep(in StepRecord step);

    /// <summary>The model was measured on fresh sequences.</summary>
    /// <param name="evaluation">What was measured.</param>
    void OnEvaluation(EvaluationRecord evaluation);

    /// <summary>Training ended.</summary>
    /// <param name="result">What came of it.</param>
    void OnEnd(TrainingResult result);
}
