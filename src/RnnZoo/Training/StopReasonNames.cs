namespace RnnZoo.Training;

/// <summary>The words that files use for why a training ended.</summary>
public static class StopReasonNames
{
    /// <summary>The word for a reason.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns><c>steps</c>, <c>recall</c>, <c>diverged</c>, <c>cancelled</c> or <c>patience</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reason"/> is none of the named values.</exception>
    public static string Name(this StopReason reason) => reason switch
    {
        StopReason.StepLimit => "steps",
        StopReason.RecallReached => "recall",
        StopReason.Diverged => "diverged",
        StopReason.Cancelled => "cancelled",
        StopReason.NotImproving => "patience",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, $"reason: expected a named reason, got {reason}."),
    };
}
