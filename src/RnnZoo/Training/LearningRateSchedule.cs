namespace RnnZoo.Training;

/// <summary>How the learning rate changes on the way to the step limit.</summary>
public enum LearningRateSchedule
{
    /// <summary>Not at all.</summary>
    Constant,

    /// <summary>
    /// Down to zero along half a cosine: at step s of N the rate is η·(1 + cos(π(s - 1)/N))/2. Source: Loshchilov and
    /// Hutter, 2017, without restarts.
    /// </summary>
    Cosine,
}
