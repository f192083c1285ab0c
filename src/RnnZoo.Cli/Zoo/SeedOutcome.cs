using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>What came of the training of a seed.</summary>
/// <param name="Steps">How many steps were taken.</param>
/// <param name="Ended">Why it ended.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Metrics">The metrics of the last weights.</param>
/// <param name="Log">The lines of the log, without the last.</param>
internal sealed record SeedOutcome(int Steps, string Ended, double Seconds, IReadOnlyList<MetricValue> Metrics, IReadOnlyList<TrainingLogEntry> Log);
