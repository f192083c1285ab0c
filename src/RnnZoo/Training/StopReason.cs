namespace RnnZoo.Training;

/// <summary>Why training ended.</summary>
public enum StopReason
{
    /// <summary>All steps were taken.</summary>
    StepLimit,

    /// <summary>The task's metric reached the wanted value.</summary>
    MetricReached,

    /// <summary>The loss or the gradient was no longer finite.</summary>
    Diverged,

    /// <summary>The caller asked for an end.</summary>
    Cancelled,

    /// <summary>Validation did not get better any more.</summary>
    NotImproving,
}
