using System.Diagnostics;
using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Tasks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>
/// Trains a model on a task: fresh sequences at each step, clipping, looks at the task's metric on the way, a measurement on fresh
/// sequences at the end. The same seed, model and options give the same numbers, seconds aside.
/// </summary>
public sealed class Trainer
{
    private const int EvaluationBatch = 256;

    private readonly nn.Module<Tensor, RecurrentState?, RecurrentResult> _model;
    private readonly ISequenceTask _task;
    private readonly TrainingOptions _options;
    private readonly IReadOnlyList<ITrainingObserver> _observers;
    private readonly Parameter[] _parameters;

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
        _observers = observers;
        _parameters = [.. model.parameters().Where(parameter => parameter.requires_grad)];
        if (_parameters.Length == 0)
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
        using var optimizer = OptimizerSet.Create(_options, _model);

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
            final = Evaluate(step, _options.FinalSequences, measurements, watch);
        }

        return End(new TrainingResult(step, reason, final, watch.Elapsed.TotalSeconds));
    }

    private Generator Generator(string purpose) => new((ulong)Seeds.Derive(_options.Seed, purpose));

    /// <returns>Whether loss and gradient were finite, so that the weights were changed.</returns>
    private bool TakeStep(int step, OptimizerSet optimizer, Generator data, Stopwatch watch)
    {
        using var scope = NewDisposeScope();
        var task = _options.StageAt(step)?.Task ?? _task;
        var batch = task.Sample(_options.BatchSize, data);
        optimizer.ZeroGradients();
        var loss = task.Loss(_model.call(batch.Input, null)!.Output, batch.Target);
        var lossValue = loss.ToDouble();
        var norm = double.NaN;
        if (double.IsFinite(lossValue))
        {
            Gradient.Backward(loss);
            // The largest float clips no finite norm.
            norm = nn.utils.clip_grad_norm_(_parameters, _options.ClipNorm ?? float.MaxValue);
        }

        var finite = double.IsFinite(norm);
        var learningRate = _options.LearningRateAt(step);
        if (finite)
        {
            optimizer.Step(learningRate);
        }

        var record = new StepRecord(step, lossValue, norm, learningRate, watch.Elapsed.TotalSeconds);
        foreach (var observer in _observers)
        {
            observer.OnStep(record);
        }

        return finite;
    }

    /// <returns>The final measurement if the metric is good enough to stop, on the look and on the measurement; else null.</returns>
    private EvaluationRecord? Look(int step, Generator looks, Generator measurements, Stopwatch watch)
    {
        var look = Evaluate(step, _options.EvaluationSequences, looks, watch);
        if (_options.StopAtMetric is not { } wanted || !_task.Metric.Reaches(look.Metric, wanted))
        {
            return null;
        }

        var measurement = Evaluate(step, _options.FinalSequences, measurements, watch);
        return _task.Metric.Reaches(measurement.Metric, wanted) ? measurement : null;
    }

    private EvaluationRecord Evaluate(int step, int sequences, Generator data, Stopwatch watch)
    {
        var score = default(TaskScore);
        _model.eval();
        using (no_grad())
        {
            for (var done = 0; done < sequences; done += EvaluationBatch)
            {
                using var scope = NewDisposeScope();
                var batch = _task.Sample(Math.Min(EvaluationBatch, sequences - done), data);
                score += _task.Score(_model.call(batch.Input, null)!.Output, batch.Target);
            }
        }

        _model.train();
        var record = new EvaluationRecord(step, score.Loss, score.Metric, score.StandardError, score.Sequences, watch.Elapsed.TotalSeconds);
        foreach (var observer in _observers)
        {
            observer.OnEvaluation(record);
        }

        return record;
    }

    private TrainingResult End(TrainingResult result)
    {
        foreach (var observer in _observers)
        {
            observer.OnEnd(result);
        }

        return result;
    }
}
