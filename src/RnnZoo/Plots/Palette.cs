using System.Globalization;

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

/// <summary>
/// Colours for small to large values that any common colour vision puts in the same order, for lightness alone tells them
/// apart: from dark violet over blue and green to pale yellow, in equal steps of perceived lightness. On a light page the
/// dark end is the large one, on a dark page the pale end, so that small values are near the page on both.
/// </summary>
internal static class ColourScale
{
    /// <summary>How many colours there are.</summary>
    public const int Levels = 24;

    /// <summary>The style class of a level, 0 being the smallest.</summary>
    public static string Class(int level) => string.Create(CultureInfo.InvariantCulture, $"h{level}");

    /// <summary>The level of a position from 0 to 1; positions outside take the nearest end.</summary>
    public static int LevelOf(double position) => (int)Math.Clamp(Math.Floor(position * Levels), 0, Levels - 1);

    public static string StyleSheet(string scope)
    {
        var (light, dark) = (new List<string>(), new List<string>());
        for (var level = 0; level < Levels; level++)
        {
            light.Add($"#{scope} .{Class(level)}{{fill:{Colour(1 - (level / (Levels - 1.0)))}}}");
            dark.Add($"#{scope} .{Class(level)}{{fill:{Colour(level / (Levels - 1.0))}}}");
        }

        return $$"""
            {{string.Join('\n', light)}}
            @media (prefers-color-scheme:dark){
            {{string.Join('\n', dark)}}
            }
            #{{scope}} .cells{shape-rendering:crispEdges}
            #{{scope}} .missing{fill:none;stroke:var(--axis);stroke-width:1}
            #{{scope}} .frame{fill:none;stroke:var(--axis);stroke-width:1}

            """;
    }

    /// <summary>The colour at a place from 0 (dark) to 1 (pale), as #rrggbb.</summary>
    internal static string Colour(double place)
    {
        var lightness = 0.27 + (0.67 * place);
        var chroma = 0.115 + (0.03 * Math.Sin(Math.PI * place));
        var hue = (295 - (190 * place)) * Math.PI / 180;
        var (red, green, blue) = FromOklab(lightness, chroma * Math.Cos(hue), chroma * Math.Sin(hue));
        return $"#{Channel(red)}{Channel(green)}{Channel(blue)}";
    }

    /// <summary>Linear red, green and blue. Source: B. Ottosson, "A perceptual color space for image processing", 2020.</summary>
    private static (double Red, double Green, double Blue) FromOklab(double lightness, double a, double b)
    {
        var l = Math.Pow(lightness + (0.3963377774 * a) + (0.2158037573 * b), 3);
        var m = Math.Pow(lightness - (0.1055613458 * a) - (0.0638541728 * b), 3);
        var s = Math.Pow(lightness - (0.0894841775 * a) - (1.2914855480 * b), 3);
        return ((4.0767416621 * l) - (3.3077115913 * m) + (0.2309699292 * s),
            (-1.2684380046 * l) + (2.6097574011 * m) - (0.3413193965 * s),
            (-0.0041960863 * l) - (0.7034186147 * m) + (1.7076147010 * s));
    }

    /// <summary>A channel in sRGB's encoding, as two hexadecimal digits.</summary>
    private static string Channel(double linear)
    {
        var clipped = Math.Clamp(linear, 0, 1);
        var encoded = clipped <= 0.0031308 ? 12.92 * clipped : (1.055 * Math.Pow(clipped, 1 / 2.4)) - 0.055;
        return ((int)Math.Round(encoded * 255)).ToString("x2", CultureInfo.InvariantCulture);
    }
}

/// <summary>The legend of a colour scale: all its colours from the smallest value to the largest, with ticks.</summary>
internal static class ColourBar
{
    public static void Draw(SvgWriter svg, Area bar, AxisMap scale, string title)
    {
        svg.Open("g", ("class", "cells"));
        var height = bar.Height / ColourScale.Levels;
        for (var level = 0; level < ColourScale.Levels; level++)
        {
            var (top, bottom) = (Math.Round(bar.Bottom - ((level + 1) * height), 1), Math.Round(bar.Bottom - (level * height), 1));
            svg.Empty("rect", ("class", ColourScale.Class(level)), ("x", bar.Left), ("y", top), ("width", bar.Width), ("height", bottom - top));
        }

        svg.Close();
        svg.Empty("rect", ("class", "frame"), ("x", bar.Left), ("y", bar.Top), ("width", bar.Width), ("height", bar.Height));
        var widest = 0.0;
        foreach (var tick in scale.Ticks)
        {
            var y = bar.Bottom - (scale.Position(tick) * bar.Height);
            svg.Line(bar.Right, y, bar.Right + 3, y, "axis");
            svg.Label(Ticks.Label(tick), bar.Right + 6, y + 4, "soft");
            widest = Math.Max(widest, TextSize.Width(Ticks.Label(tick)));
        }

        svg.Text(TextSize.Shorten(title, bar.Height + 40), "text", ("class", "soft"), ("text-anchor", "middle"),
            ("transform", $"translate({SvgWriter.Number(bar.Right + 6 + widest + 12)} {SvgWriter.Number(bar.Top + (bar.Height / 2))}) rotate(-90)"));
    }
}
