namespace RnnZoo.Gradients;

/// <summary>Logarithms of singular values with what is known of their errors.</summary>
/// <param name="Values">ln σ_i, largest first, exact zeros as −∞ at the end.</param>
/// <param name="Errors">How far two independent ways to each differ.</param>
/// <param name="Precise">Whether the higher precision was used.</param>
internal sealed record ProductValues(double[] Values, double[] Errors, bool Precise)
{
    // Two ways that agree by chance should be nearer than this to count.
    private const double Safety = 0.1;

    /// <summary>How many of the largest are known to a tolerance.</summary>
    public int Resolved(double tolerance)
    {
        var first = Array.FindIndex(Errors, error => !(error <= Safety * tolerance));
        return first < 0 ? Errors.Length : first;
    }

    /// <summary>Finds the values with as much precision as the wanted ones need.</summary>
    public static ProductValues Find(Factors factors, int rank, int wanted, double tolerance, ProductValues? known)
    {
        var values = known ?? With<Float64>(factors, rank, precise: false);
        return values.Precise || values.Resolved(tolerance) >= wanted ? values : With<DoubleDouble>(factors, rank, precise: true);
    }

    private static ProductValues With<T>(Factors factors, int rank, bool precise)
        where T : struct, IReal<T>
    {
        var (values, errors) = (new double[factors.Size], new double[factors.Size]);
        Array.Fill(values, double.NegativeInfinity);
        if (rank > 0)
        {
            var one = GradedProduct<T>.LogSingularValues(factors, transposed: false, rank);
            var other = GradedProduct<T>.LogSingularValues(factors, transposed: true, rank);
            for (var index = 0; index < rank; index++)
            {
                // Not finite where a value that is not zero came out as zero, or rotations did not end.
                errors[index] = one is null || other is null ? double.NaN : Math.Abs(one[index] - other[index]);
                values[index] = one is null || other is null ? double.NaN : (one[index] + other[index]) / 2;
            }
        }

        return new ProductValues(values, errors, precise);
    }
}
