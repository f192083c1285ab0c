using ScottPlot;

namespace RnnZoo.Plots;

/// <summary>
/// Colours told apart by people with any common colour vision: the first four are Okabe and Ito's ("Color Universal
/// Design", 2008), the others were chosen for their distance to all of them as a test measures it.
/// </summary>
internal static class Palette
{
    public static IReadOnlyList<string> Colours { get; } = ["#d55e00", "#0072b2", "#009e73", "#aa5a8c", "#35208f", "#3a93c8", "#4a0f18", "#5d6a3a", "#782478", "#6c9c54"];

    /// <summary>Text, and lines that have no colour of their own.</summary>
    public static Color Ink { get; } = new("#1f2328");

    /// <summary>Text that explains.</summary>
    public static Color Soft { get; } = new("#59636e");

    /// <summary>The lines of axes.</summary>
    public static Color Frame { get; } = new("#9aa2ab");

    /// <summary>Lines to read values by.</summary>
    public static Color Grid { get; } = new("#e4e7eb");

    /// <summary>Cells without a value.</summary>
    public static Color Missing { get; } = new("#d0d4d9");

    /// <summary>Small to large values from pale yellow over green and blue to dark violet, told apart by their lightness alone.</summary>
    public static IColormap Scale { get; } = new ScottPlot.Colormaps.Deep();

    /// <summary>The colour at a place in the palette, which wraps around; that of text for none.</summary>
    public static Color Of(int? place) => place is { } at ? new Color(Colours[((at % Colours.Count) + Colours.Count) % Colours.Count]) : Ink;
}
