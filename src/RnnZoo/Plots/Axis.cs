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

/// <summary>
/// An axis with its ends settled. A place is a value on a linear axis and its power of ten on a logarithmic one; a position
/// is 0 at the lower end and 1 at the upper.
/// </summary>
internal sealed class AxisMap
{
    private readonly bool _log;

    private AxisMap(bool log, double low, double high, IReadOnlyList<double>? ticks, int tickCount)
    {
        (_log, Low, High) = (log, low, high);
        ticks ??= log ? Plots.Ticks.Log(low, high) : Plots.Ticks.Linear(low, high, tickCount);
        Ticks = [.. ticks.Where(tick => Shows(tick) && Position(tick) is >= -1e-6 and <= 1 + 1e-6)];
    }

    /// <summary>The place of the lower end.</summary>
    public double Low { get; }

    /// <summary>The place of the upper end.</summary>
    public double High { get; }

    /// <summary>The values that get a tick.</summary>
    public double[] Ticks { get; }

    /// <summary>Fits an axis to the values that it can show.</summary>
    /// <param name="axis">What was asked for.</param>
    /// <param name="values">The data; values that the axis cannot show are passed over.</param>
    /// <param name="padding">The share of the range that is added at an end that comes from the data.</param>
    /// <param name="tickCount">About how many parts the ticks cut a linear axis into.</param>
    public static AxisMap Fit(Axis axis, IEnumerable<double> values, double padding, int tickCount = 5)
    {
        var log = axis.Scale == AxisScale.Log;
        var places = values.Where(value => IsShown(value, log)).Select(value => PlaceOf(value, log)).ToArray();
        double? End(double? end) => end is { } value && IsShown(value, log) ? PlaceOf(value, log) : null;
        var (minimum, maximum) = (End(axis.Minimum), End(axis.Maximum));
        var low = minimum ?? (places.Length > 0 ? places.Min() : log ? -1 : 0);
        var high = maximum ?? (places.Length > 0 ? places.Max() : log ? 0 : 1);
        if (low >= high)
        {
            var half = log ? 0.3 : Math.Max(Math.Abs(low) * 0.1, 0.5);
            (low, high) = (low - half, low + half);
        }

        var margin = padding * (high - low);
        // Data that never goes below zero gets no room below zero.
        var lower = !log && low >= 0 ? Math.Max(0, low - margin) : low - margin;
        return new AxisMap(log, minimum is null ? lower : low, maximum is null ? high + margin : high, axis.Ticks, tickCount);
    }

    public bool Shows(double value) => IsShown(value, _log);

    public double Place(double value) => PlaceOf(value, _log);

    public double Position(double value) => (Place(value) - Low) / (High - Low);

    public double ValueAt(double position)
    {
        var place = Low + ((High - Low) * position);
        return _log ? Math.Pow(10, place) : place;
    }

    private static bool IsShown(double value, bool log) => double.IsFinite(value) && (!log || value > 0);

    private static double PlaceOf(double value, bool log) => log ? Math.Log10(value) : value;
}

/// <summary>Round values for an axis, and how they are printed.</summary>
internal static class Ticks
{
    private const int Most = 7;

    // Ends that rounding has moved by less than this share of a step are still on it.
    private const double Rounding = 1e-9;

    /// <summary>The values of the form {1, 2, 5}·10^n that cut the range into about <paramref name="count"/> parts.</summary>
    public static double[] Linear(double minimum, double maximum, int count)
    {
        var step = RoundStep((maximum - minimum) / count);
        var first = Math.Ceiling((minimum / step) - Rounding);
        var last = Math.Floor((maximum / step) + Rounding);
        // Takes off the error of multiplying, so that 3 · 0.1 is 0.3.
        var digits = (int)Math.Clamp(2 - Math.Floor(Math.Log10(step)), 0, 15);
        // A range so narrow that doubles cannot tell its ticks apart has only its ends.
        return last - first > 4.0 * count || last < first
            ? [minimum, maximum]
            : [.. Enumerable.Range(0, (int)(last - first) + 1).Select(index => Math.Round((first + index) * step, digits))];
    }

    /// <summary>Powers of ten, 1 among them where the range holds it; where it holds few, their simple multiples too.</summary>
    /// <param name="low">The power of ten at the lower end.</param>
    /// <param name="high">The power of ten at the upper end.</param>
    public static double[] Log(double low, double high)
    {
        int[] steps = [1, 2, 3, 5, 10, 20, 50, 100];
        var step = steps.FirstOrDefault(step => (high - low) / step <= Most, 200);
        var (first, last) = ((int)Math.Ceiling((low / step) - Rounding), (int)Math.Floor((high / step) + Rounding));
        var powers = Enumerable.Range(first, Math.Max(0, last - first + 1)).Select(index => Math.Pow(10, index * step)).ToArray();
        if (powers.Length >= 3 || step > 1)
        {
            return powers;
        }

        double[][] choices = [[1, 2, 5], [1, 1.5, 2, 3, 4, 6, 8]];
        var multiples = choices.Select(factors => Multiples(factors, low, high)).FirstOrDefault(values => values.Length >= 3);
        return multiples?.Where((_, index) => multiples.Length <= Most || index % 2 == 0).ToArray()
            ?? [.. Linear(Math.Pow(10, low), Math.Pow(10, high), 4).Where(value => value > 0)];
    }

    /// <summary>The value in few letters; very large and very small ones by a power of ten.</summary>
    public static string Label(double value)
    {
        if (!double.IsFinite(value) || Math.Abs(value) is 0 or (>= 1e-4 and < 1e7))
        {
            return value.ToString("#,0.######", CultureInfo.InvariantCulture).Replace('-', '−');
        }

        var parts = value.ToString("0.##e0", CultureInfo.InvariantCulture).Split('e');
        var factor = parts[0] switch { "1" => "", "-1" => "−", var other => other.Replace('-', '−') + "·" };
        return $"{factor}10{string.Concat(parts[1].Select(digit => digit == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit - '0']))}";
    }

    private static double[] Multiples(double[] factors, double low, double high) =>
    [
        .. Enumerable.Range((int)Math.Floor(low), (int)Math.Ceiling(high) - (int)Math.Floor(low) + 1)
            .SelectMany(power => factors.Select(factor => factor * Math.Pow(10, power)))
            .Where(value => Math.Log10(value) >= low - Rounding && Math.Log10(value) <= high + Rounding),
    ];

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
}
