namespace RnnZoo.Plots;

/// <summary>A name and how what it names is drawn.</summary>
/// <param name="Name">The name of a series.</param>
/// <param name="Colour">Its place in the palette; null for the colour of text.</param>
/// <param name="Dashed">Whether its line is dashed.</param>
internal sealed record LegendEntry(string Name, int? Colour, bool Dashed = false)
{
    public double Width => 24 + TextSize.Width(Name) + 20;
}
