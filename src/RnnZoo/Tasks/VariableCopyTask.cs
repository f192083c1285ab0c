using RnnZoo.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>
/// The copy memory problem with a delay that differs from sequence to sequence, so that the marker alone says when to
/// answer: counting steps is of no use. After Henaff, Szlam and LeCun, "Recurrent Orthogonal Networks and Long-Memory
/// Tasks" (2016); the coding is that of <see cref="CopyTask"/>.
/// </summary>
/// <remarks>
/// Each sequence has a delay D of its own, drawn evenly from D_min to D_max; all have T = D_max + 2n steps:
/// <code>
/// input   n symbols of 1..8 | D - 1 times blank (0) | marker (9) | n + D_max - D times blank
/// target  D + n times blank                                      | the n symbols | D_max - D times blank
/// </code>
/// Padded, a sequence ends with its answer, after D + 2n steps, and what lies beyond is no part of it: not read, not asked for.
/// The loss is the cross-entropy in nats, the mean over all steps. Recall is the share of the n symbols that are given
/// back right, at the steps where they are wanted.
/// </remarks>
public sealed class VariableCopyTask : ISequenceTask
{
    private const int InputClasses = 10;
    private const int TargetClasses = 9;

    /// <summary>Poses the problem.</summary>
    /// <param name="maxDelay">D_max: the longest delay; at least <paramref name="minDelay"/>.</param>
    /// <param name="minDelay">D_min: the shortest delay; at least 1.</param>
    /// <param name="symbols">n: how many symbols to remember; at least 1.</param>
    /// <param name="padded">Whether sequences end with their answers and batches say their lengths.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is too small, or above 100,000,000.</exception>
    public VariableCopyTask(int maxDelay, int minDelay = 1, int symbols = 10, bool padded = false)
    {
        Padded = padded;
        MinDelay = SequenceTasks.Number(minDelay, 1, nameof(minDelay), "steps of delay");
        MaxDelay = SequenceTasks.Number(maxDelay, minDelay, nameof(maxDelay), "steps of delay, not below minDelay");
        Symbols = SequenceTasks.Number(symbols, 1, nameof(symbols), "symbols to remember");
    }

    /// <summary>D_min: the shortest delay in steps.</summary>
    public int MinDelay { get; }

    /// <summary>D_max: the longest delay in steps.</summary>
    public int MaxDelay { get; }

    /// <summary>n: how many symbols there are to remember.</summary>
    public int Symbols { get; }

    /// <summary>Whether sequences end with their answers and batches say their lengths.</summary>
    public bool Padded { get; }

    /// <summary>T = D_max + 2n: the steps of the longest sequence.</summary>
    public int Length => MaxDelay + (2 * Symbols);

    /// <inheritdoc/>
    public string Name => "copy-variable";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> Settings
        => new Dictionary<string, long> { ["maxDelay"] = MaxDelay, ["minDelay"] = MinDelay, ["symbols"] = Symbols, ["padded"] = Padded ? 1 : 0 };

    /// <inheritdoc/>
    public long InputSize => InputClasses;

    /// <inheritdoc/>
    public long OutputSize => TargetClasses;

    /// <summary>The loss of guessing among the 8 symbols at each of the n steps of the answer, and of being sure of the
    /// blanks around: n·ln 8 / T nats per step, with the mean of D + 2n for T where sequences are padded.</summary>
    public double Baseline => Symbols * Math.Log(CopyTask.Alphabet) / (Padded ? ((MinDelay + MaxDelay) / 2.0) + (2 * Symbols) : Length);

    /// <inheritdoc/>
    public string LossUnit => "nats per step";

    /// <summary>Recall: the share of the n symbols that are given back right. A guess has 1/8.</summary>
    public TaskMetric Metric { get; } = TaskMetric.Share("recall", 1.0 / CopyTask.Alphabet);

    /// <inheritdoc/>
    /// <returns>Input: [T, B, 10], one-hot, float32; target: [T, B], classes, int64, and -100 in padding. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        Check.InRange(batchSize >= 1, nameof(batchSize), "at least 1 (sequences)", batchSize);
        using var scope = NewDisposeScope();
        var symbols = randint(1, 1 + CopyTask.Alphabet, [Symbols, batchSize], dtype: ScalarType.Int64, generator: generator); // [n, B]
        var delays = randint(MinDelay, MaxDelay + 1L, [1, batchSize], dtype: ScalarType.Int64, generator: generator); // [1, B]
        var marker = full_like(delays, Scalars.Of(CopyTask.Marker)); // [1, B]
        var tokens = zeros([Length, batchSize], dtype: ScalarType.Int64); // [T, B]
        tokens.narrow(0, 0, Symbols).copy_(symbols);
        tokens.scatter_(0, delays.Plus(Scalars.Of(Symbols - 1L)), marker);
        var steps = arange(Scalars.Zero, Scalars.Of((long)Symbols), Scalars.One, dtype: ScalarType.Int64).unsqueeze(1).Plus(delays).Plus(Scalars.Of((long)Symbols)); // [n, B]
        var target = zeros([Length, batchSize], dtype: ScalarType.Int64).scatter_(0, steps, symbols); // [T, B]

        var input = TokenInput.OneHot(tokens, InputClasses, ScalarType.Float32); // [T, B, 10]
        if (!Padded)
        {
            return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope());
        }

        var lengths = delays.squeeze(0).Plus(Scalars.Of(2L * Symbols)); // [B]
        var beyond = arange(Scalars.Zero, Scalars.Of((long)Length), Scalars.One, dtype: ScalarType.Int64).unsqueeze(1).ge(lengths); // [T, B]
        target = target.masked_fill(beyond, Scalars.Of(TaskOutput.Padding));
        return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope()) { Lengths = lengths.MoveToOuterDisposeScope() };
    }

    /// <inheritdoc path="/*[not(self::param or self::returns)]"/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    /// <returns>[]: nats per step, the mean over the steps of all sequences.</returns>
    public Tensor Loss(Tensor output, Tensor target) => TaskOutput.CrossEntropy(output, target, Length, TargetClasses);

    /// <inheritdoc path="/*[not(self::param)]"/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    public TaskScore Score(Tensor output, Tensor target) => TaskOutput.Score(this, output, target, Symbols, ignored: CopyTask.Blank);
}
