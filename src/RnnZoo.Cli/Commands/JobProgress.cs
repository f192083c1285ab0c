using RnnZoo.Training;

namespace RnnZoo.Cli.Commands;

/// <summary>What is known about a training under way. The thread that trains writes, others read.</summary>
internal sealed class JobProgress : ITrainingObserver
{
    private readonly Lock _gate = new();
    private readonly List<double> _losses = [];
    private StepRecord _last;
    private double? _metric;
    private bool _ended;

    /// <summary>The loss of each step so far.</summary>
    public IReadOnlyList<double> Losses
    {
        get
        {
            lock (_gate)
            {
                return [.. _losses];
            }
        }
    }

    /// <summary>The last step, the metric as it was last measured, and whether training has ended.</summary>
    public (StepRecord Last, double? Metric, bool Ended) Snapshot()
    {
        lock (_gate)
        {
            return (_last, _metric, _ended);
        }
    }

    public void OnStep(in StepRecord step)
    {
        lock (_gate)
        {
            _last = step;
            _losses.Add(step.Loss);
        }
    }

    public void OnEvaluation(EvaluationRecord evaluation)
    {
        lock (_gate)
        {
            _metric = evaluation.Metric;
        }
    }

    public void OnEnd(TrainingResult result)
    {
        lock (_gate)
        {
            _ended = true;
        }
    }
}
