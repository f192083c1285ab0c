namespace RnnZoo.Characters;

/// <summary>A line in the history of a training.</summary>
/// <param name="Step">How many steps had been taken.</param>
/// <param name="TrainingBits">The mean training loss since the report before, in bits per character; null for a measurement.</param>
/// <param name="ValidationBits">Bits per character of the held-out text; null for a report.</param>
/// <param name="GradientNorm">The L2 norm of the last step's gradient before clipping; null for a measurement.</param>
/// <param name="LearningRate">The last step's learning rate.</param>
/// <param name="Seconds">Since training began, time between a stop and a resumption left out.</param>
public sealed record CharacterRecord(int Step, double? TrainingBits, double? ValidationBits, double? GradientNorm, double LearningRate, double Seconds);
