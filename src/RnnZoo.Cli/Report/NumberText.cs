using RnnZoo.Tasks;

namespace RnnZoo.Cli.Report;

/// <summary>Numbers as people read them: the same in every country, for the program knows no other culture than the invariant one.</summary>
internal static class NumberText
{
    /// <summary>A number; a dash where there is none or it is not finite.</summary>
    /// <param name="value">The number.</param>
    /// <param name="format">A .NET number format.</param>
    public static string Of(double? value, string format)
        => value is { } number && double.IsFinite(number) ? number.ToString(format) : "–";

    /// <summary>A loss; one that has left every sensible range in few characters.</summary>
    public static string OfLoss(double loss) => loss.ToString(Sensible(loss, "0.0000"));

    /// <summary>A metric: shares and what is above 1 to a thousandth, errors finer; a dash where there is none.</summary>
    public static string OfMetric(TaskMetric metric, double? value)
        => value is { } number && double.IsFinite(number) ? number.ToString(Sensible(number, metric.MoreIsBetter || Math.Abs(number) >= 1 ? "0.000" : "0.00000")) : "  -  ";

    private static string Sensible(double value, string format) => Math.Abs(value) < 1e6 ? format : "0.00e+0";
}
