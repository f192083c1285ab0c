using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Singular values the plain way, with digits to spare: multiply, then one-sided Jacobi, in <see cref="BigFloat"/>.</summary>
internal static class HighPrecision
{
    /// <summary>ln of the singular values of J_m … J_1, largest first.</summary>
    /// <param name="factors">J_1 to J_m, each [S, S].</param>
    public static double[] LogSingularValues(IReadOnlyList<Tensor> factors)
    {
        var product = Read(factors[0]);
        foreach (var factor in factors.Skip(1))
        {
            product = Multiply(Read(factor), product);
        }

        return LogSingularValues(product);
    }

    public static double[] LogSingularValues(BigFloat[][] rows)
    {
        var tolerance = new BigFloat(1, -1_900);
        for (var rotated = true; rotated;)
        {
            rotated = false;
            for (var p = 0; p < rows.Length; p++)
            {
                for (var q = p + 1; q < rows.Length; q++)
                {
                    var (a, b, g) = (Dot(rows[p], rows[p]), Dot(rows[q], rows[q]), Dot(rows[p], rows[q]));
                    if (g.IsZero || !(g * g > a * b * tolerance))
                    {
                        continue;
                    }

                    rotated = true;
                    var zeta = (b - a) / (g + g);
                    var one = BigFloat.From(1);
                    var t = one / (zeta.Abs() + (one + (zeta * zeta)).Sqrt());
                    t = zeta.Mantissa.Sign < 0 ? -t : t;
                    var c = one / (one + (t * t)).Sqrt();
                    var s = c * t;
                    for (var index = 0; index < rows[p].Length; index++)
                    {
                        var (x, y) = (rows[p][index], rows[q][index]);
                        rows[p][index] = (c * x) - (s * y);
                        rows[q][index] = (s * x) + (c * y);
                    }
                }
            }
        }

        return [.. rows.Select(row => Dot(row, row).Log() / 2).OrderDescending()];
    }

    private static BigFloat[][] Read(Tensor matrix) =>
        [.. Enumerable.Range(0, (int)matrix.shape[0]).Select(row =>
            Enumerable.Range(0, (int)matrix.shape[1]).Select(column => BigFloat.From(matrix[row, column].item<double>())).ToArray())];

    private static BigFloat[][] Multiply(BigFloat[][] left, BigFloat[][] right) =>
        [.. left.Select(row => Enumerable.Range(0, row.Length).Select(column =>
            row.Select((value, index) => value * right[index][column]).Aggregate((sum, term) => sum + term)).ToArray())];

    private static BigFloat Dot(BigFloat[] left, BigFloat[] right) =>
        left.Zip(right, (x, y) => x * y).Aggregate((sum, term) => sum + term);
}
