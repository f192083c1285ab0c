namespace RnnZoo.Zoo;

/// <summary>A measurement of a model.</summary>
/// <param name="Name">What was measured, such as <c>recall</c>, <c>loss</c> or <c>bitsPerCharacter</c>.</param>
/// <param name="Unit">Its unit, such as <c>nats per step</c>.</param>
/// <param name="Value">The value; null if it is not finite.</param>
/// <param name="StandardError">The standard error of the value; 0 where nothing was drawn, or nothing differed.</param>
/// <param name="Count">How many sequences, or characters, were measured.</param>
/// <param name="Seed">Where the sequences came from; null where nothing was drawn.</param>
/// <param name="How">How it was measured, in words.</param>
public sealed record MetricValue(string Name, string Unit, double? Value, double StandardError, long Count, long? Seed, string How);
