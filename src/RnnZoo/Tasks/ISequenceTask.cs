using RnnZoo.Cells;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>A problem on sequences: where its data comes from, and how an answer is judged. Holds no state and no tensors.</summary>
public interface ISequenceTask
{
    /// <summary>The short name that commands and files use, such as <c>copy</c>.</summary>
    string Name { get; }

    /// <summary>The numbers that the problem was posed with; they and the name make the same task again.</summary>
    IReadOnlyDictionary<string, long> Settings { get; }

    /// <summary>The folder with the files that the sequences are read from; null for a problem that makes them up.</summary>
    string? Data => null;

    /// <summary>T: the steps of every sequence.</summary>
    int Length { get; }

    /// <summary>I: how many numbers the model reads at each time step.</summary>
    long InputSize { get; }

    /// <summary>How many numbers the model gives at each time step.</summary>
    long OutputSize { get; }

    /// <summary>The best loss without any memory of the input, in the unit of <see cref="Loss"/>.</summary>
    double Baseline { get; }

    /// <summary>The unit of <see cref="Loss"/>, such as <c>nats per step</c>.</summary>
    string LossUnit { get; }

    /// <summary>What answers are judged by, beside the loss.</summary>
    TaskMetric Metric { get; }

    /// <summary>How many sequences the test set has, which results are measured on; 0 for a problem without one, whose every sequence is fresh.</summary>
    long TestSequences => 0;

    /// <summary>Reads from the test set.</summary>
    /// <param name="start">The first sequence, counted from 0.</param>
    /// <param name="count">How many.</param>
    /// <returns>As <see cref="Sample"/> gives them; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The test set does not have these sequences.</exception>
    /// <exception cref="NotSupportedException">There is none: <see cref="TestSequences"/> is 0.</exception>
    SequenceBatch Test(long start, long count) => throw new NotSupportedException($"Test: expected a task with a test set, got '{Name}', whose sequences are all fresh; draw some by Sample.");

    /// <summary>Draws fresh sequences.</summary>
    /// <param name="batchSize">B: how many.</param>
    /// <param name="generator">Where all randomness comes from; the same state gives the same sequences.</param>
    /// <returns>The sequences and the answers wanted; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is below 1.</exception>
    SequenceBatch Sample(long batchSize, torch.Generator generator);

    /// <summary>The loss to train on.</summary>
    /// <param name="output">[T, B, O]: what the model gave at every step; the task knows at which steps it is asked.</param>
    /// <param name="target">The answers wanted, as <see cref="Sample"/> drew them.</param>
    /// <returns>[]: the mean loss, differentiable.</returns>
    /// <exception cref="ArgumentException">The shape of <paramref name="output"/> or <paramref name="target"/> does not fit.</exception>
    torch.Tensor Loss(torch.Tensor output, torch.Tensor target);

    /// <summary>Judges answers; sums of scores judge several batches together.</summary>
    /// <param name="output">[T, B, O]: what the model gave at every step.</param>
    /// <param name="target">The answers wanted.</param>
    /// <returns>Loss and <see cref="Metric"/>, as numbers.</returns>
    /// <exception cref="ArgumentException">The shape of <paramref name="output"/> or <paramref name="target"/> does not fit.</exception>
    TaskScore Score(torch.Tensor output, torch.Tensor target);
}

/// <summary>Sequences and the answers wanted.</summary>
/// <param name="Input">[T, B, I]: what the model reads.</param>
/// <param name="Target">What it should give; the task says in which shape.</param>
public sealed record SequenceBatch(torch.Tensor Input, torch.Tensor Target) : IDisposable
{
    /// <summary>[B] (int64): how many steps each sequence has; null where all have T. What lies beyond is padding.</summary>
    public torch.Tensor? Lengths { get; init; }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Input.Dispose();
        Target.Dispose();
        Lengths?.Dispose();
    }

    /// <summary>The batch where a model's parameter is, if it has one.</summary>
    internal SequenceBatch On(torch.Tensor? parameter) => parameter is not null && parameter.device_type != Input.device_type
        ? new SequenceBatch(Input.to(parameter.device), Target.to(parameter.device)) { Lengths = Lengths }
        : this;

    /// <summary>What a model makes of the input.</summary>
    internal torch.Tensor OutputOf(torch.nn.Module<torch.Tensor, RecurrentState?, RecurrentResult> model) =>
        Lengths is null ? model.call(Input, null)!.Output
        : model is SequenceModel ours ? ours.call(Input, Lengths).Output
        : throw new ArgumentException($"model: expected a SequenceModel for sequences of several lengths, got {model.GetType().Name}; pose the task without padding.");
}

/// <summary>What the answers to a task are judged by, beside the loss.</summary>
/// <param name="Name">The word that commands and files use: <c>recall</c>, <c>accuracy</c> or <c>mse</c>.</param>
/// <param name="MoreIsBetter">Whether a higher value is better.</param>
/// <param name="Best">The value of perfect answers: 1 for shares, 0 for errors.</param>
/// <param name="Baseline">The value that can be had without any memory of the input.</param>
public sealed record TaskMetric(string Name, bool MoreIsBetter, double Best, double Baseline)
{
    /// <summary>Whether a value is at least as good as another.</summary>
    /// <param name="value">The value.</param>
    /// <param name="wanted">The other.</param>
    /// <returns>False if one of them is not a number.</returns>
    public bool Reaches(double value, double wanted) => MoreIsBetter ? value >= wanted : value <= wanted;

    /// <summary>A share of right answers, from 0 to 1.</summary>
    internal static TaskMetric Share(string name, double baseline) => new(name, true, 1, baseline);

    /// <summary>The mean squared error.</summary>
    internal static TaskMetric SquaredError(double baseline) => new("mse", false, 0, baseline);
}

/// <summary>How good answers were, kept as sums, so that scores of batches add up.</summary>
/// <param name="LossSum">The sum of all losses.</param>
/// <param name="LossCount">How many losses were summed.</param>
/// <param name="MetricSum">The sum over the sequences of each one's value of the task's <see cref="TaskMetric"/>.</param>
/// <param name="MetricSquares">The sum of the squares of the same values.</param>
/// <param name="Sequences">How many sequences were judged.</param>
public readonly record struct TaskScore(double LossSum, long LossCount, double MetricSum, double MetricSquares, long Sequences)
{
    /// <summary>The mean loss in the task's unit; not a number before anything was judged.</summary>
    public double Loss => LossSum / LossCount;

    /// <summary>The task's metric, the mean over the sequences; not a number before anything was judged.</summary>
    public double Metric => MetricSum / Sequences;

    /// <summary>
    /// The standard error of <see cref="Metric"/>: s/√n, with s the standard deviation between the n sequences
    /// (divisor n - 1). Not a number below two sequences.
    /// </summary>
    public double StandardError
    {
        get
        {
            var squaredDeviations = Math.Max(0, MetricSquares - (MetricSum * MetricSum / Sequences));
            return Sequences < 2 ? double.NaN : Math.Sqrt(squaredDeviations / (Sequences - 1) / Sequences);
        }
    }

    /// <summary>The score of both together.</summary>
    /// <param name="left">One score.</param>
    /// <param name="right">The other.</param>
    /// <returns>The sums of their parts.</returns>
    public static TaskScore operator +(TaskScore left, TaskScore right) => new(
        left.LossSum + right.LossSum,
        left.LossCount + right.LossCount,
        left.MetricSum + right.MetricSum,
        left.MetricSquares + right.MetricSquares,
        left.Sequences + right.Sequences);

    /// <summary>The score of sequences by their values.</summary>
    /// <param name="meanLoss">The mean of all losses.</param>
    /// <param name="losses">How many losses there are.</param>
    /// <param name="values">[B]: each sequence's value of the metric, up to the factor.</param>
    /// <param name="scale">What the values are divided by: whole numbers add up without rounding.</param>
    internal static TaskScore Of(double meanLoss, long losses, Tensor values, double scale = 1)
    {
        using var scope = NewDisposeScope();
        var exact = values.to(ScalarType.Float64); // [B]
        return new TaskScore(
            meanLoss * losses, losses, exact.sum().Number() / scale, exact.Squared().sum().Number() / (scale * scale), values.shape[0]);
    }
}
