namespace RnnZoo.Cli.Zoo;

/// <summary>What `zoo train` was asked for.</summary>
/// <param name="Seed">The one seed to train; null for all.</param>
/// <param name="Text">The full path of the text to learn; null for none.</param>
/// <param name="Jobs">How many seeds to train at a time at most.</param>
/// <param name="Write">Whether the model's folder gets the result.</param>
/// <param name="Output">The folder to write into; null for a new one.</param>
internal sealed record ZooTrainSettings(long? Seed, string? Text, int Jobs, bool Write, string? Output);
