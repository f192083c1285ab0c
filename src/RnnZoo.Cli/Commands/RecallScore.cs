namespace RnnZoo.Cli.Commands;

/// <summary>What training on the recall task came to.</summary>
/// <param name="Recall">The share of right answers on fresh sequences, from 0 to 1.</param>
/// <param name="Loss">Nats per question on the same.</param>
/// <param name="Updates">How many updates were made.</param>
/// <param name="Steps">How many time steps of a stream were read for them.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record RecallScore(double Recall, double Loss, int Updates, long Steps, double Seconds);
