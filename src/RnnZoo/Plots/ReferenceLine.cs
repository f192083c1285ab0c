namespace RnnZoo.Plots;

/// <summary>A horizontal line that marks a value to compare with, such as a baseline.</summary>
/// <param name="Value">Where it lies on the vertical axis.</param>
/// <param name="Label">What it marks.</param>
public sealed record ReferenceLine(double Value, string Label);
