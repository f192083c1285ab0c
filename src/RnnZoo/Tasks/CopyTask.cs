using RnnZoo.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>
/// The copy memory problem: read n symbols, wait, and give them back in order. Posed by Hochreiter and Schmidhuber
/// ("Long Short-Term Memory", 1997); this is the variant of Arjovsky, Shah and Bengio ("Unitary Evolution Recurrent
/// Neural Networks", 2016, section 4.1), with a marker that says when to answer.
/// </summary>
/// <remarks>
/// With the delay D and n symbols, for n = 10 a sequence of T = D + 20 steps:
/// <code>
/// input   n symbols of 1..8 | D - 1 times blank (0) | marker (9) | n times blank
/// target  D + n times blank                                      | the n symbols
/// </code>
/// Inputs are one-hot over 10 classes, targets are classes from 0 to 8. The loss is the cross-entropy in nats, the mean
/// over all T steps. Recall is the share of the n symbols that are given back right, over the last n steps.
/// </remarks>
public sealed class CopyTask : ISequenceTask
{
    /// <summary>How many different symbols there are: the classes 1 to 8.</summary>
    public const int Alphabet = 8;

    /// <summary>The class of a step without a symbol.</summary>
    public const int Blank = 0;

    /// <summary>The input class that asks for the answer.</summary>
    public const int Marker = 9;

    private const int InputClasses = 10;
    private const int TargetClasses = 9;

    /// <summary>Poses the problem.</summary>
    /// <param name="delay">D: how many steps lie between the last symbol read and the first one given, less one; at least 1.</param>
    /// <param name="symbols">n: how many symbols to remember; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is below 1, or above 100,000,000.</exception>
    public CopyTask(int delay, int symbols = 10)
    {
        Delay = SequenceTasks.Number(delay, 1, nameof(delay), "steps of delay");
        Symbols = SequenceTasks.Number(symbols, 1, nameof(symbols), "symbols to remember");
    }

    /// <summary>D: the delay in steps.</summary>
    public int Delay { get; }

    /// <summary>n: how many symbols there are to remember.</summary>
    public int Symbols { get; }

    /// <summary>T = D + 2n: the steps of a sequence.</summary>
    public int Length => Delay + (2 * Symbols);

    /// <inheritdoc/>
    public string Name => "copy";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> Settings => new Dictionary<string, long> { ["delay"] = Delay, ["symbols"] = Symbols };

    /// <inheritdoc/>
    public long InputSize => InputClasses;

    /// <inheritdoc/>
    public long OutputSize => TargetClasses;

    /// <summary>The loss of guessing among the 8 symbols at each of the last n steps, and of being sure of the blanks
    /// before: n·ln 8 / T nats per step.</summary>
    public double Baseline => Symbols * Math.Log(Alphabet) / Length;

    /// <inheritdoc/>
    public string LossUnit => "nats per step";

    /// <summary>Recall: the share of the n symbols that are given back right. A guess has 1/8.</summary>
    public TaskMetric Metric { get; } = TaskMetric.Share("recall", 1.0 / Alphabet);

    /// <inheritdoc/>
    /// <returns>Input: [T, B, 10], one-hot, float32; target: [T, B], classes, int64. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        Check.InRange(batchSize >= 1, nameof(batchSize), "at least 1 (sequences)", batchSize);
        using var scope = NewDisposeScope();
        var symbols = randint(1, 1 + Alphabet, [Symbols, batchSize], dtype: ScalarType.Int64, generator: generator); // [n, B]
        var tokens = zeros([Length, batchSize], dtype: ScalarType.Int64); // [T, B]
        tokens.narrow(0, 0, Symbols).copy_(symbols);
        tokens.narrow(0, Symbols + Delay - 1, 1).fill_(Scalars.Of(Marker));
        var target = zeros([Length, batchSize], dtype: ScalarType.Int64); // [T, B]
        target.narrow(0, Delay + Symbols, Symbols).copy_(symbols);

        var input = TokenInput.OneHot(tokens, InputClasses, ScalarType.Float32); // [T, B, 10]
        return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope());
    }

    /// <inheritdoc path="/*[not(self::param or self::returns)]"/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    /// <returns>[]: nats per step, the mean over T and B.</returns>
    public Tensor Loss(Tensor output, Tensor target) => TaskOutput.CrossEntropy(output, target, Length, TargetClasses);

    /// <inheritdoc path="/*[not(self::param)]"/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    public TaskScore Score(Tensor output, Tensor target) => TaskOutput.Score(this, output, target, Symbols, ignored: Blank);
}
