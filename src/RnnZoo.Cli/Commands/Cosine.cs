using System.Runtime.InteropServices;

namespace RnnZoo.Cli.Commands;

/// <summary>How far two gradients point in the same direction.</summary>
internal static class Cosine
{
    /// <summary>⟨a, b⟩ / (‖a‖ ‖b‖); not a number where one is zero.</summary>
    /// <param name="a">Float64 elements.</param>
    /// <param name="b">As many.</param>
    public static double Of(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (product, squareA, squareB) = (0.0, 0.0, 0.0);
        for (var index = 0; index < a.Length; index++)
        {
            product += a[index] * b[index];
            squareA += a[index] * a[index];
            squareB += b[index] * b[index];
        }

        return product / Math.Sqrt(squareA * squareB);
    }

    /// <summary>Over all parameters.</summary>
    public static double OfAll(GradientCost one, GradientCost other) => Of(Elements(one), Elements(other));

    /// <summary>Over the recurrent matrix.</summary>
    public static double OfRecurrent(GradientCost one, GradientCost other) => Of(
        Elements(one).Slice(one.RecurrentStart, one.RecurrentCount), Elements(other).Slice(other.RecurrentStart, other.RecurrentCount));

    private static ReadOnlySpan<double> Elements(GradientCost cost) => MemoryMarshal.Cast<byte, double>(cost.Gradient);
}
