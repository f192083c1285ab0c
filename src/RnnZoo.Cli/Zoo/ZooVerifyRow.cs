namespace RnnZoo.Cli.Zoo;

/// <summary>One stated metric and what it is when it is measured again; without a metric, why the model could not be measured.</summary>
internal sealed record ZooVerifyRow(string Name, string? Metric, double? Stated, double? Measured, double? Tolerance, bool Passed, string? Problem);
