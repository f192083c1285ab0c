using RnnZoo.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>
/// Running parity: after every bit, whether the count of ones so far is odd. One bit of state that every input can turn
/// over and nothing may wash out. The parity problem is Minsky and Papert's ("Perceptrons", 1969); this is the variant that
/// is asked at every step, for the parity at the end alone gives gradient descent next to nothing to go by.
/// </summary>
/// <remarks>
/// With the length T, bits x_1 … x_T drawn evenly, one-hot over 2 classes:
/// <code>
/// target  y_t = x_1 xor … xor x_t at every step t, a class of 0 or 1
/// </code>
/// The loss is the cross-entropy in nats, the mean over all T steps. Accuracy is the share of the T answers that are right.
/// </remarks>
public sealed class ParityTask : ISequenceTask
{
    private const int Classes = 2;

    /// <summary>Poses the problem.</summary>
    /// <param name="length">T: the steps of a sequence; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is below 1, or above 100,000,000.</exception>
    public ParityTask(int length)
    {
        Length = SequenceTasks.Number(length, 1, nameof(length), "steps");
        Metric = TaskMetric.Share("accuracy", RightWithoutMemory);
    }

    /// <inheritdoc/>
    public int Length { get; }

    /// <inheritdoc/>
    public string Name => "parity";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> Settings => new Dictionary<string, long> { ["length"] = Length };

    /// <inheritdoc/>
    public long InputSize => Classes;

    /// <inheritdoc/>
    public long OutputSize => Classes;

    /// <summary>
    /// The entropy of y_t given x_t alone. The two are the same at the first step and independent at all others, and a net
    /// without memory cannot tell which step it is at; so y = x with p = (T + 1)/(2T), and the loss is
    /// -p·ln p - (1 - p)·ln(1 - p), a little below ln 2.
    /// </summary>
    public double Baseline
    {
        get
        {
            var (p, q) = (RightWithoutMemory, 1 - RightWithoutMemory);
            return -(p * Math.Log(p)) - (q > 0 ? q * Math.Log(q) : 0);
        }
    }

    /// <inheritdoc/>
    public string LossUnit => "nats per step";

    /// <summary>Accuracy: the share of the T answers that are right. Repeating the bit has (T + 1)/(2T).</summary>
    public TaskMetric Metric { get; }

    private double RightWithoutMemory => (Length + 1.0) / (2.0 * Length);

    /// <inheritdoc/>
    /// <returns>Input: [T, B, 2], one-hot, float32; target: [T, B], classes, int64. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        Check.InRange(batchSize >= 1, nameof(batchSize), "at least 1 (sequences)", batchSize);
        using var scope = NewDisposeScope();
        var bits = randint(0, Classes, [Length, batchSize], dtype: ScalarType.Int64, generator: generator); // [T, B]
        var target = bits.cumsum(0).remainder(Scalars.Of((long)Classes)); // [T, B]
        var input = TokenInput.OneHot(bits, Classes, ScalarType.Float32); // [T, B, 2]
        return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope());
    }

    /// <inheritdoc path="/*[not(self::param or self::returns)]"/>
    /// <param name="output">[T, B, 2]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    /// <returns>[]: nats per step, the mean over T and B.</returns>
    public Tensor Loss(Tensor output, Tensor target) => TaskOutput.CrossEntropy(output, target, Length, Classes);

    /// <inheritdoc path="/*[not(self::param)]"/>
    /// <param name="output">[T, B, 2]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    public TaskScore Score(Tensor output, Tensor target) => TaskOutput.Score(this, output, target, Length);
}
