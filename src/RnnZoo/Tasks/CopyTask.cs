using TorchSharp;
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
    /// <exception cref="ArgumentOutOfRangeException">An argument is below 1.</exception>
    public CopyTask(int delay, int symbols = 10)
    {
        RequireAtLeastOne(delay, nameof(delay), "steps of delay");
        RequireAtLeastOne(symbols, nameof(symbols), "symbols to remember");
        Delay = delay;
        Symbols = symbols;
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
    public long InputSize => InputClasses;

    /// <inheritdoc/>
    public long OutputSize => TargetClasses;

    /// <summary>The loss of guessing among the 8 symbols at each of the last n steps, and of being sure of the blanks
    /// before: n·ln 8 / T nats per step.</summary>
    public double Baseline => Symbols * Math.Log(Alphabet) / Length;

    /// <inheritdoc/>
    /// <returns>Input: [T, B, 10], one-hot, float32; target: [T, B], classes, int64. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        RequireAtLeastOne(batchSize, nameof(batchSize), "sequences");
        using var scope = NewDisposeScope();
        var symbols = randint(1, 1 + Alphabet, [Symbols, batchSize], dtype: ScalarType.Int64, generator: generator); // [n, B]
        var tokens = zeros([Length, batchSize], dtype: ScalarType.Int64); // [T, B]
        tokens.narrow(0, 0, Symbols).copy_(symbols);
        tokens.narrow(0, Symbols + Delay - 1, 1).fill_(Marker);
        var target = zeros([Length, batchSize], dtype: ScalarType.Int64); // [T, B]
        target.narrow(0, Delay + Symbols, Symbols).copy_(symbols);

        var input = eye(InputClasses).index_select(0, tokens.view(-1)).view(Length, batchSize, InputClasses); // [T, B, 10]
        return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    /// <returns>[]: nats per step, the mean over T and B.</returns>
    public Tensor Loss(Tensor output, Tensor target)
    {
        CheckShapes(output, target);
        using var scope = NewDisposeScope();
        var scores = output.reshape(-1, TargetClasses); // [T·B, 9]
        return nn.functional.cross_entropy(scores, target.reshape(-1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <param name="output">[T, B, 9]: unnormalised log-probabilities.</param>
    /// <param name="target">[T, B]: the classes wanted.</param>
    public TaskScore Score(Tensor output, Tensor target)
    {
        CheckShapes(output, target);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var steps = target.shape[0] * target.shape[1];
        var asked = Symbols * target.shape[1];
        var answer = output.narrow(0, Length - Symbols, Symbols).argmax(-1); // [n, B]
        var right = answer.eq(target.narrow(0, Length - Symbols, Symbols)).sum(); // []
        return new TaskScore(Loss(output, target).ToDouble() * steps, steps, right.ToInt64(), asked, target.shape[1]);
    }

    private void CheckShapes(Tensor output, Tensor target)
    {
        if (target.dim() != 2 || target.shape[0] != Length)
        {
            throw new ArgumentException(
                $"target: expected [T, B] with T = {Length}, got [{string.Join(", ", target.shape)}].", nameof(target));
        }

        long[] wanted = [Length, target.shape[1], TargetClasses];
        if (!output.shape.AsSpan().SequenceEqual(wanted))
        {
            throw new ArgumentException(
                $"output: expected [T, B, 9] = [{string.Join(", ", wanted)}], got [{string.Join(", ", output.shape)}].", nameof(output));
        }
    }

    private static void RequireAtLeastOne(long value, string name, string what)
    {
        if (value < 1)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name}: expected at least 1 ({what}), got {value}.");
        }
    }
}
