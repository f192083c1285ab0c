using System.Globalization;
using RnnZoo.Tasks;

namespace RnnZoo.Cli.Report;

/// <summary>Metrics as people read them.</summary>
internal static class MetricText
{
    /// <summary>The .NET number format: shares to a thousandth, errors finer.</summary>
    public static string Format(TaskMetric metric) => metric.MoreIsBetter ? "0.000" : "0.00000";

    /// <summary>A loss; one that has left every sensible range in few characters.</summary>
    public static string OfLoss(double loss) => loss.ToString(Math.Abs(loss) < 1e6 ? "0.0000" : "0.00e+0", CultureInfo.InvariantCulture);

    /// <summary>A value, or a dash where there is none.</summary>
    public static string Of(TaskMetric metric, double? value)
        => value is { } number && double.IsFinite(number) ? number.ToString(Math.Abs(number) < 1e6 ? Format(metric) : "0.00e+0", CultureInfo.InvariantCulture) : "  -  ";
}
