namespace RnnZoo.Tasks;

/// <summary>What the answers to a task are judged by, beside the loss.</summary>
/// <param name="Name">The word that commands and files use: <c>recall</c>, <c>accuracy</c> or <c>mse</c>.</param>
/// <param name="MoreIsBetter">Whether a higher value is better.</param>
/// <param name="Best">The value of perfect answers: 1 for shares, 0 for errors.</param>
/// <param name="Baseline">The value that can be had without any memory of the input.</param>
public sealed record TaskMetric(string Name, bool MoreIsBetter, double Best, double Baseline)
{
    /// <summary>Whether a value is at least as good as another.</summary>
    /// <param name="value">The value.</param>
    /// <param name="wanted">The other.</param>
    /// <returns>False if one of them is not a number.</returns>
    public bool Reaches(double value, double wanted) => MoreIsBetter ? value >= wanted : value <= wanted;

    /// <summary>A share of right answers, from 0 to 1.</summary>
    internal static TaskMetric Share(string name, double baseline) => new(name, true, 1, baseline);

    /// <summary>The mean squared error.</summary>
    internal static TaskMetric SquaredError(double baseline) => new("mse", false, 0, baseline);
}
