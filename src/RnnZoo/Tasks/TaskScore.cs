namespace RnnZoo.Tasks;

/// <summary>How good answers were, kept as sums, so that scores of batches add up.</summary>
/// <param name="LossSum">The sum of all losses.</param>
/// <param name="LossCount">How many losses were summed.</param>
/// <param name="Recalled">How many symbols were given right.</param>
/// <param name="Asked">How many symbols were asked for; 0 for a task without recall.</param>
/// <param name="Sequences">How many sequences were judged.</param>
public readonly record struct TaskScore(double LossSum, long LossCount, long Recalled, long Asked, long Sequences)
{
    /// <summary>The mean loss in the task's unit; not a number before anything was judged.</summary>
    public double Loss => LossSum / LossCount;

    /// <summary>The share of the symbols asked for that was given right, from 0 to 1; null for a task without recall.</summary>
    public double? Recall => Asked == 0 ? null : (double)Recalled / Asked;

    /// <summary>The score of both together.</summary>
    /// <param name="left">One score.</param>
    /// <param name="right">The other.</param>
    /// <returns>The sums of their parts.</returns>
    public static TaskScore operator +(TaskScore left, TaskScore right) => new(
        left.LossSum + right.LossSum,
        left.LossCount + right.LossCount,
        left.Recalled + right.Recalled,
        left.Asked + right.Asked,
        left.Sequences + right.Sequences);
}
