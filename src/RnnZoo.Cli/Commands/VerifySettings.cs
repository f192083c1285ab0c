namespace RnnZoo.Cli.Commands;

/// <summary>What to verify.</summary>
/// <param name="Cells">vanilla, lstm, gru; at least one.</param>
/// <param name="Seed">The seed of the built-in suite.</param>
/// <param name="Cases">The folder of reference cases; null for the built-in suite.</param>
internal sealed record VerifySettings(IReadOnlyList<string> Cells, ulong Seed, string? Cases);
