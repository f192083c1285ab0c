using TorchSharp;

namespace RnnZoo.Tasks;

/// <summary>A problem on sequences: where its data comes from, and how an answer is judged. Holds no state and no tensors.</summary>
public interface ISequenceTask
{
    /// <summary>The short name that commands and files use, such as <c>copy</c>; <see cref="SequenceTasks"/> knows all.</summary>
    string Name { get; }

    /// <summary>The numbers that the problem was posed with: <see cref="SequenceTasks.Create"/> makes the same task of them.</summary>
    IReadOnlyDictionary<string, long> Settings { get; }

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
