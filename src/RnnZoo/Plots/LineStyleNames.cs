namespace RnnZoo.Plots;

/// <summary>What solid and dashed lines mean, for the legend.</summary>
/// <param name="Solid">What the solid lines are, such as "measured".</param>
/// <param name="Dashed">What the dashed lines are, such as "predicted".</param>
public sealed record LineStyleNames(string Solid, string Dashed);
