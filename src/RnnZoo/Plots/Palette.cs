namespace RnnZoo.Plots;

/// <summary>
/// Colours told apart by people with any common colour vision: the first four are Okabe and Ito's ("Color Universal
/// Design", 2008), the others were chosen for their distance to all of them as a test measures it. On a dark page, lighter
/// shades of the same hues.
/// </summary>
internal static class Palette
{
    public static IReadOnlyList<(string Light, string Dark)> Colours { get; } =
    [
        ("#d55e00", "#ff8f45"),
        ("#0072b2", "#57aeea"),
        ("#009e73", "#2fc79a"),
        ("#aa5a8c", "#e39dc6"),
        ("#35208f", "#6a55f0"),
        ("#3a93c8", "#c9ecff"),
        ("#4a0f18", "#a84a40"),
        ("#5d6a3a", "#8a9a5b"),
    ];

    public static int Count => Colours.Count;

    /// <summary>The style class of a place in the palette, or of the colour of text.</summary>
    public static string Class(int? colour) => colour is { } place ? $"c{((place % Count) + Count) % Count}" : "neutral";

    public static string StyleSheet(string scope)
    {
        var light = string.Concat(Colours.Select((colour, place) => $"--c{place}:{colour.Light};"));
        var dark = string.Concat(Colours.Select((colour, place) => $"--c{place}:{colour.Dark};"));
        var classes = string.Concat(Colours.Select((_, place) => $"#{scope} .c{place}{{--c:var(--c{place})}}\n"));
        return $$"""

            #{{scope}}{--page:#ffffff;--ink:#1f2328;--soft:#59636e;--grid:#e4e7eb;--axis:#9aa2ab;{{light}}font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
            @media (prefers-color-scheme:dark){#{{scope}}{--page:#0d1117;--ink:#e6edf3;--soft:#9da7b1;--grid:#262c35;--axis:#5b646e;{{dark}} } }
            {{classes}}#{{scope}} .neutral{--c:var(--ink)}
            #{{scope}} .page{fill:var(--page)}
            #{{scope}} text{fill:var(--ink);font-size:12px}
            #{{scope}} .title{font-size:18px;font-weight:600}
            #{{scope}} .heading{font-size:14px;font-weight:600}
            #{{scope}} .soft{fill:var(--soft)}
            #{{scope}} .halo{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}
            #{{scope}} .grid{stroke:var(--grid);stroke-width:1}
            #{{scope}} .axis{stroke:var(--axis);stroke-width:1}
            #{{scope}} .reference{stroke:var(--soft);stroke-width:1.25;stroke-dasharray:5 4}
            #{{scope}} .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
            #{{scope}} .leader{stroke-width:1.25}
            #{{scope}} .dashed{stroke-width:1.5;stroke-dasharray:3 4}
            #{{scope}} .fill{fill:var(--c)}
            #{{scope}} .marker{fill:var(--c);stroke:var(--page);stroke-width:1.5}

            """;
    }
}
