using RnnZoo.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>
/// Temporal order: two symbols far apart among distractors, and the question in which order they came. Task 6a of
/// Hochreiter and Schmidhuber ("Long Short-Term Memory", 1997, experiment 6), with one length for all sequences where they
/// draw it from 100 to 110; the places of the two symbols keep their proportions.
/// </summary>
/// <remarks>
/// Eight input symbols, one-hot: the distractors a, b, c, d (0 to 3), X (4), Y (5), the start E (6) and the end B (7).
/// Steps are counted from 0:
/// <code>
/// input   E at step 0; B at step T - 1; X or Y at step t_1, drawn evenly from ⌊T/10⌋ to ⌊T/5⌋,
///         and at step t_2, drawn evenly from ⌊T/2⌋ to ⌊3T/5⌋; a distractor everywhere else
/// target  one of four classes, wanted at the last step: 0 for X, X; 1 for X, Y; 2 for Y, X; 3 for Y, Y
/// </code>
/// The loss is the cross-entropy in nats per sequence at the last step. Accuracy is the share of the sequences that are
/// classified right.
/// </remarks>
public sealed class TemporalOrderTask : ISequenceTask
{
    private const int Distractors = 4;
    private const int X = 4;
    private const int Start = 6;
    private const int End = 7;
    private const int Symbols = 8;
    private const int Classes = 4;

    /// <summary>Poses the problem.</summary>
    /// <param name="length">T: the steps of a sequence; at least 10.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is below 10, or above 100,000,000.</exception>
    public TemporalOrderTask(int length) => Length = SequenceTasks.Number(length, 10, nameof(length), "steps");

    /// <inheritdoc/>
    public int Length { get; }

    /// <inheritdoc/>
    public string Name => "temporal-order";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> Settings => new Dictionary<string, long> { ["length"] = Length };

    /// <inheritdoc/>
    public long InputSize => Symbols;

    /// <inheritdoc/>
    public long OutputSize => Classes;

    /// <summary>The loss of guessing among four classes that are equally likely, for the last step always reads B: ln 4.</summary>
    public double Baseline => Math.Log(Classes);

    /// <inheritdoc/>
    public string LossUnit => "nats per sequence";

    /// <summary>Accuracy: the share of the sequences classified right. A guess has 1/4.</summary>
    public TaskMetric Metric { get; } = TaskMetric.Share("accuracy", 1.0 / Classes);

    /// <inheritdoc/>
    /// <returns>Input: [T, B, 8], one-hot, float32; target: [B], classes, int64. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        Check.InRange(batchSize >= 1, nameof(batchSize), "at least 1 (sequences)", batchSize);
        using var scope = NewDisposeScope();
        Tensor Draw(long from, long to, long rows) => randint(from, to + 1, [rows, batchSize], dtype: ScalarType.Int64, generator: generator);

        var tokens = Draw(0, Distractors - 1, Length); // [T, B]
        tokens.narrow(0, 0, 1).fill_(Scalars.Of(Start));
        tokens.narrow(0, Length - 1, 1).fill_(Scalars.Of(End));
        var steps = cat([Draw(Length / 10, Length / 5, 1), Draw(Length / 2, 3L * Length / 5, 1)], 0); // [2, B]
        var order = Draw(0, 1, 2); // [2, B]: 0 for X, 1 for Y
        tokens.scatter_(0, steps, order.Plus(Scalars.Of(X)));

        var target = order[0].mul(Scalars.Of(2L)).Plus(order[1]); // [B]
        var input = TokenInput.OneHot(tokens, Symbols, ScalarType.Float32); // [T, B, 8]
        return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope());
    }

    /// <inheritdoc path="/*[not(self::param or self::returns)]"/>
    /// <param name="output">[T, B, 4]: unnormalised log-probabilities, of which those of the last step are the answers.</param>
    /// <param name="target">[B]: the classes wanted.</param>
    /// <returns>[]: nats per sequence, the mean over B.</returns>
    public Tensor Loss(Tensor output, Tensor target) => TaskOutput.LastStepCrossEntropy(output, target, Length, Classes);

    /// <inheritdoc path="/*[not(self::param)]"/>
    /// <param name="output">[T, B, 4]: unnormalised log-probabilities, of which those of the last step are the answers.</param>
    /// <param name="target">[B]: the classes wanted.</param>
    public TaskScore Score(Tensor output, Tensor target) => TaskOutput.LastStepScore(this, output, target);
}
