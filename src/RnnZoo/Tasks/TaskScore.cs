using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

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
            meanLoss * losses, losses, exact.sum().ToDouble() / scale, exact.square().sum().ToDouble() / (scale * scale), values.shape[0]);
    }
}
