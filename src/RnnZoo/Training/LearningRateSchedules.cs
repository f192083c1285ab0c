namespace RnnZoo.Training;

/// <summary>What the schedules say.</summary>
internal static class LearningRateSchedules
{
    /// <summary>The learning rate of a step, counted from 1 to <paramref name="steps"/>.</summary>
    public static double At(this LearningRateSchedule schedule, double learningRate, int step, int steps) => schedule switch
    {
        LearningRateSchedule.Cosine => learningRate * (1 + Math.Cos(Math.PI * (step - 1) / steps)) / 2,
        _ => learningRate,
    };
}
