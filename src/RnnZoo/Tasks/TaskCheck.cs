using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>Refuses what does not fit a task, in words that name it.</summary>
internal static class TaskCheck
{
    /// <summary>The most steps or symbols that a task takes: counts of them stay within an int.</summary>
    public const int Most = 100_000_000;

    /// <summary>A number of the task's definition.</summary>
    public static int Number(int value, int least, string name, string what)
    {
        if (value < least || value > Most)
        {
            var expected = value < least ? $"at least {least}" : $"at most {Most}";
            throw new ArgumentOutOfRangeException(name, value, $"{name}: expected {expected} ({what}), got {value}.");
        }

        return value;
    }

    /// <summary>B, of <see cref="ISequenceTask.Sample"/>.</summary>
    public static void BatchSize(long batchSize)
    {
        if (batchSize < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, $"batchSize: expected at least 1 (sequences), got {batchSize}.");
        }
    }

    /// <summary>What the model gave and what was wanted, where every step has a class: [T, B, C] and [T, B].</summary>
    public static void EveryStep(Tensor output, Tensor target, long steps, long classes)
    {
        if (target.dim() != 2 || target.shape[0] != steps)
        {
            throw new ArgumentException(
                $"target: expected [T, B] with T = {steps}, got [{string.Join(", ", target.shape)}].", nameof(target));
        }

        Output(output, $"[T, B, {classes}]", steps, target.shape[1], classes);
    }

    /// <summary>What the model gave and what was wanted, where only the last step has an answer: [T, B, O] and [B].</summary>
    public static void LastStep(Tensor output, Tensor target, long steps, long outputs)
    {
        if (target.dim() != 1)
        {
            throw new ArgumentException($"target: expected [B], got [{string.Join(", ", target.shape)}].", nameof(target));
        }

        Output(output, $"[T, B, {outputs}]", steps, target.shape[0], outputs);
    }

    private static void Output(Tensor output, string letters, params long[] wanted)
    {
        if (!output.shape.AsSpan().SequenceEqual(wanted))
        {
            throw new ArgumentException(
                $"output: expected {letters} = [{string.Join(", ", wanted)}], got [{string.Join(", ", output.shape)}].", nameof(output));
        }
    }
}
