using System.Globalization;
using RnnZoo.Tasks;

namespace RnnZoo.Cli.Compare;

/// <summary>Metrics as people read them.</summary>
internal static class MetricText
{
    /// <summary>The .NET number format: shares to a thousandth, errors finer.</summary>
    public static string Format(TaskMetric metric) => metric.MoreIsBetter ? "0.000" : "0.00000";

    /// <summary>A value, or a dash where there is none.</summary>
    public static string Of(TaskMetric metric, double? value)
        => value is { } number && double.IsFinite(number) ? number.ToString(Format(metric), CultureInfo.InvariantCulture) : "  -  ";
}
