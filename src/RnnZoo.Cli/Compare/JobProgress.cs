using RnnZoo.Training;

namespace RnnZoo.Cli.Compare;

/// <summary>What is known about a training under way. The thread that trains writes, others read.</summary>
internal sealed class JobProgress : ITrainingObserver
{
    private readonly Lock gate = new();
    private readonly List<double> losses = [];
    private StepRecord last;
    private double? recall;
    private bool ended;

    /// <summary>The loss of each step so far.</summary>
    public IReadOnlyList<double> Losses
    {
        get
        {
            lock (gate)
            {
                return [.. losses];
            }
        }
    }

    /// <summary>The last step, the last recall measured, and whether training has ended.</summary>
    public (StepRecord Last, double? Recall, bool Ended) Snapshot()
    {
        lock (gate)
        {
            return (last, recall, ended);
        }
    }

    public void OnStep(in StepRecord step)
    {
        lock (gate)
        {
            last = step;
            losses.Add(step.Loss);
        }
    }

    public void OnEvaluation(EvaluationRecord evaluation)
    {
        lock (gate)
        {
            recall = evaluation.Recall;
        }
    }

    public void OnEnd(TrainingResult result)
    {
        lock (gate)
        {
            ended = true;
        }
    }
}
