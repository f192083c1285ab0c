namespace RnnZoo.Training;

/// <summary>The words that files use for why a training ended.</summary>
public static class StopReasonNames
{
    /// <summary>The word for a reason.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="metric">The name of the task's metric, such as <c>recall</c>: the word for having reached it.</param>
    /// <returns><c>steps</c>, the metric's name, <c>diverged</c>, <c>cancelled</c> or <c>patience</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reason"/> is none of the named values.</exception>
    public static string Name(this StopReason reason, string metric = "metric") => reason switch
    {
        StopReason.StepLimit => "steps",
        StopReason.MetricReached => metric,
        StopReason.Diverged => "diverged",
        StopReason.Cancelled => "cancelled",
        StopReason.NotImproving => "patience",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, $"reason: expected a named reason, got {reason}."),
    };
}
