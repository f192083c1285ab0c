using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>
/// The adding problem: read many numbers, and give the sum of the two that were marked. Posed by Hochreiter and
/// Schmidhuber ("Long Short-Term Memory", 1997, experiment 4); this is the variant of Arjovsky, Shah and Bengio ("Unitary
/// Evolution Recurrent Neural Networks", 2016, section 4.2), with a fixed length and one marker in each half.
/// </summary>
/// <remarks>
/// With the length T, two channels at each step:
/// <code>
/// input   value   u_1 … u_T, each drawn evenly from [0, 1)
///         marker  1 at one step of the first ⌊T/2⌋ and at one step of the rest, each drawn evenly; 0 elsewhere
/// target  u_i + u_j, the sum of the two values that are marked, wanted at the last step
/// </code>
/// Loss and metric are the same: the squared error of the output at the last step, the mean over B.
/// </remarks>
public sealed class AddingTask : ISequenceTask
{
    private const int Channels = 2;

    /// <summary>Poses the problem.</summary>
    /// <param name="length">T: the steps of a sequence; at least 2.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is below 2, or above 100,000,000.</exception>
    public AddingTask(int length) => Length = SequenceTasks.Number(length, 2, nameof(length), "steps, one for each marker");

    /// <inheritdoc/>
    public int Length { get; }

    /// <inheritdoc/>
    public string Name => "adding";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> Settings => new Dictionary<string, long> { ["length"] = Length };

    /// <inheritdoc/>
    public long InputSize => Channels;

    /// <inheritdoc/>
    public long OutputSize => 1;

    /// <summary>
    /// The loss of always answering the mean, 1: Var(u_i + u_j) = 1/12 + 1/12 = 1/6. (Only where the last step happens to be
    /// marked could a net without memory know one of the two, which takes 1/(12·⌈T/2⌉) off the mean.)
    /// </summary>
    public double Baseline => 1.0 / 6;

    /// <inheritdoc/>
    public string LossUnit => "mean squared error";

    /// <summary>The mean squared error, as the loss.</summary>
    public TaskMetric Metric { get; } = TaskMetric.SquaredError(1.0 / 6);

    /// <inheritdoc/>
    /// <returns>Input: [T, B, 2], values and markers, float32; target: [B], float32. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        Check.InRange(batchSize >= 1, nameof(batchSize), "at least 1 (sequences)", batchSize);
        using var scope = NewDisposeScope();
        var half = Length / 2;
        var values = rand([Length, batchSize], generator: generator); // [T, B]
        var first = randint(0, half, [1, batchSize], dtype: ScalarType.Int64, generator: generator); // [1, B]
        var second = randint(half, Length, [1, batchSize], dtype: ScalarType.Int64, generator: generator); // [1, B]
        var steps = cat([first, second], 0); // [2, B]
        var markers = zeros([Length, batchSize]).scatter_(0, steps, ones([2, batchSize])); // [T, B]

        var input = stack([values, markers], -1); // [T, B, 2]
        var target = values.gather(0, steps).sum(dim: 0); // [B]
        return new SequenceBatch(input.MoveToOuterDisposeScope(), target.MoveToOuterDisposeScope());
    }

    /// <inheritdoc path="/*[not(self::param or self::returns)]"/>
    /// <param name="output">[T, B, 1]: numbers, of which those of the last step are the answers.</param>
    /// <param name="target">[B]: the sums wanted.</param>
    /// <returns>[]: the mean squared error over B.</returns>
    public Tensor Loss(Tensor output, Tensor target)
    {
        using var scope = NewDisposeScope();
        return SquaredErrors(output, target).mean().MoveToOuterDisposeScope();
    }

    /// <inheritdoc path="/*[not(self::param)]"/>
    /// <param name="output">[T, B, 1]: numbers, of which those of the last step are the answers.</param>
    /// <param name="target">[B]: the sums wanted.</param>
    public TaskScore Score(Tensor output, Tensor target)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var errors = SquaredErrors(output, target); // [B]
        return TaskScore.Of(errors.to(ScalarType.Float64).mean().Number(), target.numel(), errors);
    }

    private Tensor SquaredErrors(Tensor output, Tensor target)
    {
        TaskOutput.CheckLastStep(output, target, Length, 1);
        return output.select(0, Length - 1).squeeze(1).sub(target).Squared(); // [B]
    }
}
