namespace RnnZoo.Plots;

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
