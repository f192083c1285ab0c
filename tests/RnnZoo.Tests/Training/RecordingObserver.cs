using RnnZoo.Training;

namespace RnnZoo.Tests.Training;

/// <summary>Keeps everything that it is told, and may act on each step.</summary>
internal sealed class RecordingObserver(Action<StepRecord>? onStep = null) : ITrainingObserver
{
    public List<StepRecord> Steps { get; } = [];

    public List<EvaluationRecord> Evaluations { get; } = [];

    public List<TrainingResult> Ends { get; } = [];

    public void OnStep(in StepRecord step)
    {
        Steps.Add(step);
        onStep?.Invoke(step);
    }

    public void OnEvaluation(EvaluationRecord evaluation) => Evaluations.Add(evaluation);

    public void OnEnd(TrainingResult result) => Ends.Add(result);
}
