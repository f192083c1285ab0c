using RnnZoo.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>
/// Selective copying: read n symbols that lie at random places among blanks, and give them back in order. Counting steps is
/// of no use, for what to remember shows only in what is read. Posed by Jing and others ("Gated Orthogonal Recurrent Units:
/// On Learning to Forget", 2019) as denoising; this is the variant of Gu and Dao ("Mamba: Linear-Time Sequence Modeling with
/// Selective State Spaces", 2023, section 4.1.1), with the coding of <see cref="CopyTask"/>.
/// </summary>
/// <remarks>
/// With D blanks and n symbols, a sequence of T = D + 2n steps:
/// <code>
/// input   n symbols of 1..8 at n of the first D + n steps, any n places as likely as any others, and D blanks (0) | n times marker (9)
/// target  nothing                                                                                               | the n symbols, in the order read
/// </code>
/// The loss is the cross-entropy in nats, the mean over the n steps that are asked for. Recall is the share of the n symbols
/// that are given back right.
/// </remarks>
public sealed class SelectiveCopyTask : ISequenceTask
{
    private const int InputClasses = 10;
    private const int TargetClasses = 9;

    /// <summary>Poses the problem.</summary>
    /// <param name="delay">D: how many blanks lie among the symbols; at least 1.</param>
    /// <param name="symbols">n: how many symbols to remember; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is below 1, or above 100,000,000.</exception>
    public SelectiveCopyTask(int delay, int symbols = 10)
    {
        Delay = SequenceTasks.Number(delay, 1, nameof(delay), "blanks among the symbols");
        Symbols = SequenceTasks.Number(symbols, 1, nameof(symbols), "symbols to remember");
    }

    /// <summary>D: how many blanks lie among the symbols.</summary>
    public int Delay { get; }

    /// <summary>n: how many symbols there are to remember.</summary>
    public int Symbols { get; }

    /// <summary>T = D + 2n: the steps of a sequence.</summary>
    public int Length => Delay + (2 * Symbols);

    /// <inheritdoc/>
    public string Name => "selective-copy";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> Settings => new Dictionary<string, long> { ["delay"] = Delay, ["symbols"] = Symbols };

    /// <inheritdoc/>
    public long InputSize => InputClasses;

    /// <inheritdoc/>
    public long OutputSize => TargetClasses;

    /// <summary>The loss of guessing among the 8 symbols: ln 8.</summary>
    public double Baseline { get; } = Math.Log(CopyTask.Alphabet);

    /// <inheritdoc/>
    public string LossUnit => "nats per symbol";

    /// <summary>Recall: the share of the n symbols that are given back right. A guess has 1/8.</summary>
    public TaskMetric Metric { get; } = TaskMetric.Share("recall", 1.0 / CopyTask.Alphabet);

    /// <inheritdoc/>
    /// <returns>Input: [T, B, 10], one-hot, float32; target: [T, B], classes, int64, and -100 where nothing is asked for. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        Check.InRange(batchSize >= 1, nameof(batchSize), "at least 1 (sequences)", batchSize);
        using var scope = NewDisposeScope();
        var symbols = randint(1, 1 + CopyTask.Alphabet, [Symbols, batchSize], dtype: ScalarType.Int64, generator: generator); // [n, B]
        var lots = rand([batchSize, Delay + Symbols], dtype: ScalarType.Float64, generator: generator); // [B, D + n]
        var places = lots.topk(Symbols).indexes.sort().Values.t(); // [n, B]
        var tokens = zeros([Length, batchSize], dtype: ScalarType.Int64); // [T, B]
        tokens.scatter_(0, places, symbols);
        tokens.narrow(0, Delay + Symbols, Symbols).fill_(Scalars.Of(CopyTask.Marker));
        var target = full_like(tokens, Scalars.Of(TaskOutput.Padding)); // [T, B]
        target.narrow(0, Delay + Symbols, Symbols).copy_(symbols);

        var input = TokenInput.OneHot(tokens, InputClasses, ScalarType.Float32); // [T, B, 10]
        return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope());
    }

    /// <inheritdoc path="/*[not(self::param or self::returns)]"/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted, -100 where none is.</param>
    /// <returns>[]: nats per symbol, the mean over n and B.</returns>
    public Tensor Loss(Tensor output, Tensor target) => TaskOutput.CrossEntropy(output, target, Length, TargetClasses);

    /// <inheritdoc path="/*[not(self::param)]"/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted, -100 where none is.</param>
    public TaskScore Score(Tensor output, Tensor target) => TaskOutput.Score(this, output, target, Symbols);
}
