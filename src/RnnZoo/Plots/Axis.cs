using System.Globalization;

namespace RnnZoo.Plots;

/// <summary>One axis of a chart.</summary>
/// <param name="Title">What the axis shows, with its unit.</param>
public sealed record Axis(string Title)
{
    /// <summary>Linear (the default) or logarithmic.</summary>
    public AxisScale Scale { get; init; } = AxisScale.Linear;

    /// <summary>The lower end; null takes it from the data.</summary>
    public double? Minimum { get; init; }

    /// <summary>The upper end; null takes it from the data.</summary>
    public double? Maximum { get; init; }

    /// <summary>The values that get a tick and a label; null takes round numbers.</summary>
    public IReadOnlyList<double>? Ticks { get; init; }
}

/// <summary>How the values of an axis map to positions.</summary>
public enum AxisScale
{
    /// <summary>Equal differences are equally far apart.</summary>
    Linear,

    /// <summary>Equal ratios are equally far apart; values of zero and below are gaps.</summary>
    Log,
}

/// <summary>An axis with its ends settled: maps values to positions from 0 to 1.</summary>
internal sealed class AxisMap
{
    private readonly bool _log;

    private AxisMap(bool log, double minimum, double maximum, IReadOnlyList<double> ticks)
    {
        _log = log;
        Minimum = minimum;
        Maximum = maximum;
        Ticks = [.. ticks.Where(tick => Shows(tick) && Position(tick) is >= -1e-6 and <= 1 + 1e-6)];
    }

    public double Minimum { get; }

    public double Maximum { get; }

    public double[] Ticks { get; }

    /// <summary>Fits an axis to the values that it can show.</summary>
    /// <param name="axis">What was asked for.</param>
    /// <param name="values">The data; values that the axis cannot show are passed over.</param>
    /// <param name="padding">The share of the range that is added at an end that comes from the data.</param>
    /// <param name="tickCount">About how many parts the ticks cut a linear axis into.</param>
    public static AxisMap Fit(Axis axis, IEnumerable<double> values, double padding, int tickCount)
    {
        var log = axis.Scale == AxisScale.Log;
        var usable = values.Where(value => double.IsFinite(value) && (!log || value > 0)).ToArray();
        var low = usable.Length == 0 ? (log ? 0.1 : 0) : usable.Min();
        var high = usable.Length == 0 ? 1 : usable.Max();
        low = Usable(axis.Minimum, log) ?? low;
        high = Usable(axis.Maximum, log) ?? high;
        (low, high) = Widen(low, high, log);
        var (paddedLow, paddedHigh) = Pad(low, high, log, padding);
        var minimum = Usable(axis.Minimum, log) is null ? paddedLow : low;
        var maximum = Usable(axis.Maximum, log) is null ? paddedHigh : high;
        var ticks = axis.Ticks
            ?? (log ? Plots.Ticks.Log(minimum, maximum) : Plots.Ticks.Linear(minimum, maximum, tickCount));
        return new AxisMap(log, minimum, maximum, ticks);
    }

    public bool Shows(double value) => double.IsFinite(value) && (!_log || value > 0);

    public double Position(double value) => _log
        ? Math.Log(value / Minimum) / Math.Log(Maximum / Minimum)
        : (value - Minimum) / (Maximum - Minimum);

    /// <summary>The value at a position from 0 to 1.</summary>
    public double ValueAt(double position) => _log
        ? Minimum * Math.Pow(Maximum / Minimum, position)
        : Minimum + ((Maximum - Minimum) * position);

    private static double? Usable(double? end, bool log)
        => end is { } value && double.IsFinite(value) && (!log || value > 0) ? value : null;

    private static (double Low, double High) Widen(double low, double high, bool log)
    {
        if (low < high)
        {
            return (low, high);
        }

        var half = Math.Max(Math.Abs(low) * 0.1, 0.5);
        return log ? (low / 2, low * 2) : (low - half, low + half);
    }

    private static (double Low, double High) Pad(double low, double high, bool log, double padding)
    {
        if (log)
        {
            var factor = Math.Pow(high / low, padding);
            return (low / factor, high * factor);
        }

        var margin = padding * (high - low);
        // Data that never goes below zero gets no room below zero.
        return (low >= 0 ? Math.Max(0, low - margin) : low - margin, high + margin);
    }
}

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
    private static double RoundStep(double wanted)
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
