using System.Diagnostics;
using RnnZoo.Cells;
using RnnZoo.Tasks;
using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>
/// Trains a model on a task: fresh sequences at each step, clipping, looks at the task's metric on the way, a measurement on fresh
/// sequences or on the test set at the end. The same seed, model and options give the same numbers, seconds aside.
/// </summary>
public sealed class Trainer
{
    private const int EvaluationBatch = 256;

    private readonly nn.Module<Tensor, RecurrentState?, RecurrentResult> _model;
    private readonly ISequenceTask _task;
    private readonly TrainingOptions _options;
    private readonly Observers _observers;

    /// <summary>Prepares a training.</summary>
    /// <param name="model">Reads [T, B, I] from its zero state; its output goes to the task's loss. It stays the caller's.</param>
    /// <param name="task">The problem.</param>
    /// <param name="options">How to train.</param>
    /// <param name="observers">Who is told what happens.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">The model has no parameters that can be trained.</exception>
    public Trainer(nn.Module<Tensor, RecurrentState?, RecurrentResult> model, ISequenceTask task, TrainingOptions options, params IReadOnlyList<ITrainingObserver> observers)
    {
        options.Validate();
        if (options.StopAtMetric is { } wanted && !task.Metric.Reaches(task.Metric.Best, wanted))
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), wanted, FormattableString.Invariant($"StopAtMetric: expected at most {task.Metric.Best}, the best {task.Metric.Name} there is, got {wanted}."));
        }

        foreach (var stage in options.Curriculum)
        {
            if ((stage.Task.InputSize, stage.Task.OutputSize) != (task.InputSize, task.OutputSize))
            {
                throw new ArgumentException(
                    $"Curriculum: expected tasks of {task.InputSize} inputs and {task.OutputSize} outputs as '{task.Name}' has, got {stage.Task.InputSize} and {stage.Task.OutputSize} in '{stage.Task.Name}'.", nameof(options));
            }
        }

        _model = model;
        _task = task;
        _options = options;
        _observers = new Observers(observers);
        if (!model.parameters().Any(parameter => parameter.requires_grad))
        {
            throw new ArgumentException("model: expected parameters that require a gradient, got none.", nameof(model));
        }
    }

    /// <summary>Trains until the step limit, the wanted value of the metric, a loss or gradient that is not finite, or cancellation.</summary>
    /// <param name="cancellation">Ends the training after the step that is under way; the model is measured all the same.</param>
    /// <returns>What came of it; cancellation is a result, not an exception.</returns>
    public TrainingResult Run(CancellationToken cancellation = default)
    {
        var watch = Stopwatch.StartNew();
        using var trainingData = Generator("training");
        using var looks = Generator("looks");
        using var measurements = Generator("measurements");
        using var optimizer = new OptimizerSet(_model, _options.Optimizer, _options.SkewRateFactor);

        _observers.OnBegin(_model, _task.Metric.Name);
        _model.train();
        var reason = StopReason.StepLimit;
        EvaluationRecord? final = null;
        var step = 0;
        while (step < _options.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                reason = StopReason.Cancelled;
                break;
            }

            if (!TakeStep(++step, optimizer, trainingData, watch))
            {
                reason = StopReason.Diverged;
                break;
            }

            final = step % _options.EvaluateEvery == 0 ? Look(step, looks, measurements, watch) : null;
            if (final is not null)
            {
                reason = StopReason.MetricReached;
                break;
            }
        }

        if (reason == StopReason.StepLimit || (reason == StopReason.Cancelled && step > 0))
        {
            final = Measure(step, measurements, watch);
        }

        var result = new TrainingResult(step, reason, final, watch.Elapsed.TotalSeconds);
        _observers.OnEnd(result);
        return result;
    }

    private Generator Generator(string purpose) => new((ulong)Seeds.Derive(_options.Seed, purpose));

    /// <returns>Whether loss and gradient were finite, so that the weights were changed.</returns>
    private bool TakeStep(int step, OptimizerSet optimizer, Generator data, Stopwatch watch)
    {
        using var scope = NewDisposeScope();
        var task = _options.StageAt(step)?.Task ?? _task;
        var batch = task.Sample(_options.BatchSize, data).On(optimizer.First);
        _model.zero_grad();
        var loss = task.Loss(batch.OutputOf(_model), batch.Target);
        var learningRate = _options.Schedule.At(_options.LearningRate, step, _options.Steps);
        var (value, norm) = optimizer.Step(loss, learningRate, _options.ClipNorm);
        var record = new StepRecord(step, value, norm, learningRate, watch.Elapsed.TotalSeconds);
        _observers.OnStep(record);
        return double.IsFinite(norm);
    }

    /// <returns>The final measurement if the metric is good enough to stop, on the look and on the measurement; else null.</returns>
    private EvaluationRecord? Look(int step, Generator looks, Generator measurements, Stopwatch watch)
    {
        var look = Evaluate(step, Scores(_model, _task, _options.EvaluationSequences, EvaluationBatch, looks), watch);
        if (_options.StopAtMetric is not { } wanted || !_task.Metric.Reaches(look.Metric, wanted))
        {
            return null;
        }

        var measurement = Measure(step, measurements, watch);
        return _task.Metric.Reaches(measurement.Metric, wanted) ? measurement : null;
    }

    private EvaluationRecord Measure(int step, Generator data, Stopwatch watch) =>
        Evaluate(step, FinalScores(_model, _task, _options.FinalSequences, EvaluationBatch, data), watch);

    private EvaluationRecord Evaluate(int step, IReadOnlyList<TaskScore> scores, Stopwatch watch)
    {
        var score = scores.Aggregate((left, right) => left + right);
        var record = new EvaluationRecord(step, score.Loss, score.Metric, score.StandardError, score.Sequences, watch.Elapsed.TotalSeconds);
        _observers.OnEvaluation(record);
        return record;
    }

    /// <summary>The scores of a model on batches of the whole test set; on so many fresh sequences where the task has none.</summary>
    internal static IReadOnlyList<TaskScore> FinalScores(nn.Module<Tensor, RecurrentState?, RecurrentResult> model, ISequenceTask task, long sequences, int batchSize, Generator data) =>
        task.TestSequences > 0 ? Scores(model, task, task.TestSequences, batchSize, task.Test) : Scores(model, task, sequences, batchSize, data);

    private static IReadOnlyList<TaskScore> Scores(nn.Module<Tensor, RecurrentState?, RecurrentResult> model, ISequenceTask task, long sequences, int batchSize, Generator data) =>
        Scores(model, task, sequences, batchSize, (_, count) => task.Sample(count, data));

    // Without gradient and dropout.
    private static List<TaskScore> Scores(nn.Module<Tensor, RecurrentState?, RecurrentResult> model, ISequenceTask task, long sequences, int batchSize, Func<long, long, SequenceBatch> read)
    {
        var training = model.training;
        using var noTape = no_grad();
        model.eval();
        try
        {
            var (scores, parameter) = (new List<TaskScore>(), model.parameters().FirstOrDefault());
            for (var done = 0L; done < sequences; done += batchSize)
            {
                using var scope = NewDisposeScope();
                var batch = read(done, Math.Min(batchSize, sequences - done)).On(parameter);
                scores.Add(task.Score(batch.OutputOf(model), batch.Target));
            }

            return scores;
        }
        finally
        {
            model.train(training);
        }
    }
}

/// <summary>What came of a training.</summary>
/// <param name="Steps">How many steps were taken.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Final">The measurement at the end; null when training diverged or no step was taken before it was cancelled.</param>
/// <param name="Seconds">How long it took, measurements included.</param>
public sealed record TrainingResult(int Steps, StopReason Reason, EvaluationRecord? Final, double Seconds);

/// <summary>One step of training.</summary>
/// <param name="Step">The number of the step, from 1.</param>
/// <param name="Loss">The mean loss of the step's batch, before the step, in the task's unit.</param>
/// <param name="GradientNorm">The L2 norm of the gradient of all weights together, before clipping.</param>
/// <param name="LearningRate">The optimizer's learning rate.</param>
/// <param name="Seconds">Since training began.</param>
public readonly record struct StepRecord(int Step, double Loss, double GradientNorm, double LearningRate, double Seconds);

/// <summary>A measurement on fresh sequences.</summary>
/// <param name="Step">How many steps had been trained.</param>
/// <param name="Loss">The mean loss in the task's unit.</param>
/// <param name="Metric">The task's metric, the mean over the sequences.</param>
/// <param name="StandardError">The standard error of <paramref name="Metric"/> over the sequences; not a number for a single one.</param>
/// <param name="Sequences">How many sequences were measured; of a text, in how many streams it was read.</param>
/// <param name="Seconds">Since training began.</param>
public sealed record EvaluationRecord(int Step, double Loss, double Metric, double StandardError, long Sequences, double Seconds);

/// <summary>Is told what happens in training, on the thread that trains.</summary>
public interface ITrainingObserver
{
    /// <summary>Training begins, or goes on from a checkpoint.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="metric">The name of what <see cref="EvaluationRecord.Metric"/> is, such as <c>recall</c>.</param>
    void OnBegin(nn.Module model, string metric)
    {
    }

    /// <summary>A step was taken, or ended the training because it was not finite.</summary>
    /// <param name="step">What it measured.</param>
    void OnStep(in StepRecord step);

    /// <summary>The model was measured on fresh sequences.</summary>
    /// <param name="evaluation">What was measured.</param>
    void OnEvaluation(EvaluationRecord evaluation)
    {
    }

    /// <summary>Training ended.</summary>
    /// <param name="result">What came of it.</param>
    void OnEnd(TrainingResult result)
    {
    }
}

/// <summary>Several observers as one; they are told in their order.</summary>
internal sealed class Observers(params IReadOnlyList<ITrainingObserver> all) : ITrainingObserver
{
    public void OnBegin(nn.Module model, string metric)
    {
        foreach (var observer in all)
        {
            observer.OnBegin(model, metric);
        }
    }

    public void OnStep(in StepRecord step)
    {
        foreach (var observer in all)
        {
            observer.OnStep(step);
        }
    }

    public void OnEvaluation(EvaluationRecord evaluation)
    {
        foreach (var observer in all)
        {
            observer.OnEvaluation(evaluation);
        }
    }

    public void OnEnd(TrainingResult result)
    {
        foreach (var observer in all)
        {
            observer.OnEnd(result);
        }
    }
}

/// <summary>Why training ended.</summary>
public enum StopReason
{
    /// <summary>All steps were taken.</summary>
    StepLimit,

    /// <summary>The task's metric reached the wanted value.</summary>
    MetricReached,

    /// <summary>The loss or the gradient was no longer finite.</summary>
    Diverged,

    /// <summary>The caller asked for an end.</summary>
    Cancelled,

    /// <summary>Validation did not get better any more.</summary>
    NotImproving,
}

/// <summary>The words that files use for why a training ended.</summary>
internal static class StopReasonNames
{
    /// <summary>The word for a reason; the name of the task's metric, such as <c>recall</c>, says that it was reached.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reason"/> is none of the named values.</exception>
    public static string Name(this StopReason reason, string metric = "metric") => reason switch
    {
        StopReason.StepLimit => "steps",
        StopReason.MetricReached => metric,
        StopReason.Diverged => "diverged",
        StopReason.Cancelled => "cancelled",
        StopReason.NotImproving => "patience",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, $"reason: expected a named reason, got {reason}."),
    };
}
