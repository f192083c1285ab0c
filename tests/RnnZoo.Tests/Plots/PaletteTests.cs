using System.Globalization;
using RnnZoo.Cli.Commands;
using RnnZoo.Modules;
using RnnZoo.Plots;

namespace RnnZoo.Tests.Plots;

public class PaletteTests
{
    // What the cones lack in protanopia and deuteranopia, on linear RGB: Machado, Oliveira and Fernandes, 2009.
    private static readonly Dictionary<string, double[][]> Visions = new()
    {
        ["usual"] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        ["without red cones"] = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        ["without green cones"] = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    };

    public static TheoryData<string> Eyes => [.. Visions.Keys];

    [Theory]
    [MemberData(nameof(Eyes))]
    public void Colours_AreToldApart_FromEachOtherAndFromThePage(string vision)
    {
        var seen = Palette.Colours.Append("#ffffff").Select(colour => See(colour, Visions[vision])).ToArray();

        for (var left = 0; left < seen.Length; left++)
        {
            for (var right = left + 1; right < seen.Length; right++)
            {
                var distance = Math.Sqrt(seen[left].Zip(seen[right], (a, b) => (a - b) * (a - b)).Sum());
                Assert.True(distance > 13, $"colours {left} and {right} are {distance:0.0} apart.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Eyes))]
    public void Scale_LargerValues_AreDarkerInAnyEye(string vision)
    {
        var lightness = Enumerable.Range(0, 25).Select(step => See(Palette.Scale.GetColor(step / 24.0).ToHex(), Visions[vision])[0]).ToArray();

        Assert.True(lightness[0] - lightness[^1] > 60);
        Assert.All(lightness.Zip(lightness.Skip(1)), pair => Assert.True(pair.First - pair.Second > 1, $"{pair.First} and {pair.Second} look alike"));
    }

    [Fact]
    public void Nets_AsManyAsThereAreColours_HaveOneEach_AndTheFirstTheirOwn()
    {
        var (names, count) = (SequenceModel.Names, Palette.Colours.Count);
        string[][] pictures = [[.. names.Take(count)], [.. names.TakeLast(count)], [names[0], names[^1]], [names[^1], names[0], names[2]]];
        Assert.All(pictures, picture => Assert.Equal(picture.Length, picture.Select(net => NetColours.Of(net, picture) % count).Distinct().Count()));
        Assert.Equal(Enumerable.Range(0, count), names.Take(count).Select(net => NetColours.Of(net, names)));
        Assert.All(names, net => Assert.InRange(NetColours.Of(net, names), 0, names.Count - 1));
    }

    /// <summary>CIE L*a*b* of a colour as an eye sees it; 2.3 is a difference that is just noticed.</summary>
    private static double[] See(string colour, double[][] vision)
    {
        var rgb = Enumerable.Range(0, 3).Select(channel => Linear(int.Parse(colour.AsSpan(1 + (2 * channel), 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0)).ToArray();
        var (r, g, b) = (Seen(0), Seen(1), Seen(2));
        var x = Root(((0.4124 * r) + (0.3576 * g) + (0.1805 * b)) / 0.95047);
        var y = Root((0.2126 * r) + (0.7152 * g) + (0.0722 * b));
        var z = Root(((0.0193 * r) + (0.1192 * g) + (0.9505 * b)) / 1.08883);
        return [(116 * y) - 16, 500 * (x - y), 200 * (y - z)];

        double Seen(int row) => Math.Clamp(vision[row].Zip(rgb, (weight, channel) => weight * channel).Sum(), 0, 1);
    }

    private static double Linear(double channel) => channel <= 0.04045 ? channel / 12.92 : Math.Pow((channel + 0.055) / 1.055, 2.4);

    private static double Root(double value) => value > 0.008856 ? Math.Cbrt(value) : (7.787 * value) + (16.0 / 116);
}
