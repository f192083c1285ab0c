namespace RnnZoo.Charts;

/// <summary>A name and its place in the palette.</summary>
/// <param name="Name">The name of a series.</param>
/// <param name="Colour">Its place in the palette.</param>
internal sealed record LegendEntry(string Name, int Colour);
