using System.Globalization;

namespace RnnZoo.Plots;

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
