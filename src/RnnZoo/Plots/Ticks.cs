using System.Globalization;

namespace RnnZoo.Plots;

/// <summary>Round values for an axis, and how they are printed.</summary>
internal static class Ticks
{
    private const int MostPowers = 7;

    /// <summary>The values of the form {1, 2, 5}·10^n that cut the range into about <paramref name="count"/> parts.</summary>
    public static double[] Linear(double minimum, double maximum, int count)
    {
        var step = RoundStep((maximum - minimum) / count);
        var first = Math.Ceiling((minimum / step) - 1e-9);
        var last = Math.Floor((maximum / step) + 1e-9);
        // A range so narrow that doubles cannot tell its ticks apart has only its ends.
        return last - first > 4.0 * count || last < first
            ? [minimum, maximum]
            : [.. Enumerable.Range(0, (int)(last - first) + 1).Select(index => Round((first + index) * step, step))];
    }

    /// <summary>Powers of ten; where the range holds few of them, their simple multiples too.</summary>
    public static double[] Log(double minimum, double maximum)
    {
        if (Math.Log10(maximum / minimum) > MostPowers)
        {
            return Powers(minimum, maximum);
        }

        double[][] choices = [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 6, 8]];
        var last = Array.Empty<double>();
        foreach (var choice in choices)
        {
            last = [.. Multiples(choice, minimum, maximum)];
            if (last.Length >= 3)
            {
                break;
            }
        }

        var thin = Math.Max(1, (last.Length + 6) / 7);
        return last.Length < 2
            ? Linear(minimum, maximum, 4).Where(value => value > 0).ToArray()
            : [.. last.Where((_, index) => index % thin == 0)];
    }

    /// <summary>Every so many powers of ten, 1 among them where the range holds it.</summary>
    private static double[] Powers(double minimum, double maximum)
    {
        var (low, high) = (Math.Log10(minimum), Math.Log10(maximum));
        int[] steps = [2, 3, 5, 10, 20, 50, 100];
        var step = steps.FirstOrDefault(step => (high - low) / step <= MostPowers, 200);
        var (first, last) = ((int)Math.Ceiling((low / step) - 1e-9), (int)Math.Floor((high / step) + 1e-9));
        return [.. Enumerable.Range(first, last - first + 1).Select(index => Math.Pow(10, index * step))];
    }

    /// <summary>The largest round step that is not above the wanted one by more than rounding asks for.</summary>
    public static double RoundStep(double wanted)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(wanted)));
        return (wanted / power) switch
        {
            < 1.5 => power,
            < 3.5 => 2 * power,
            < 7.5 => 5 * power,
            _ => 10 * power,
        };
    }

    public static string Label(double value)
    {
        var size = Math.Abs(value);
        var format = size is > 0 and (< 1e-4 or >= 1e7) ? "0.##e0" : "#,0.######";
        return value.ToString(format, CultureInfo.InvariantCulture).Replace("-", "\u2212", StringComparison.Ordinal);
    }

    private static IEnumerable<double> Multiples(double[] choice, double minimum, double maximum)
    {
        var from = (int)Math.Floor(Math.Log10(minimum));
        var to = (int)Math.Ceiling(Math.Log10(maximum));
        for (var power = from; power <= to; power++)
        {
            foreach (var factor in choice)
            {
                var value = factor * Math.Pow(10, power);
                if (value >= minimum * (1 - 1e-9) && value <= maximum * (1 + 1e-9))
                {
                    yield return value;
                }
            }
        }
    }

    /// <summary>Takes off the error of multiplying, so that 3 · 0.1 is 0.3.</summary>
    private static double Round(double value, double step)
    {
        var digits = (int)Math.Clamp(2 - Math.Floor(Math.Log10(step)), 0, 15);
        return Math.Round(value, digits);
    }
}
