namespace RnnZoo.Gradients;

/// <summary>
/// The singular values of a product A = J_{m-1} … J_0 of rank r, without ever forming A:
/// <code>
/// (1)  A' Ω = P S, one factor and one QR at a time       Ω random [n, r], P orthonormal [n, r]
/// (2)  J_i Q_i = Q_{i+1} R_i,  Q_0 = P
/// (3)  A P = Q_m T,  T = R_{m-1} … R_0                   kept as diag(2^e) U
/// (4)  σ(A) = σ(T)                                       for P spans the rows of A
/// </code>
/// (1) is the QR iteration for Lyapunov vectors backwards: it orders P's columns from the direction that A stretches most
/// to that which it stretches least, whence T is graded from top to bottom, U is far from singular, and one-sided Jacobi
/// finds small singular values as exactly as large ones. The random start makes this so for every A. Source: G. Benettin
/// et al., 1980, for (2); J. Demmel, I. Dumitriu and O. Holtz, "Fast linear algebra is stable", 2007, for Ω;
/// G. W. Stewart, "On graded QR decompositions of products of matrices", 1994, for keeping T in factors.
/// </summary>
internal sealed class GradedProduct<T>
    where T : struct, IReal<T>
{
    private readonly Factors _factors;
    private readonly bool _transposed;
    private readonly int _rank;
    private readonly Random _random;

    private GradedProduct(Factors factors, bool transposed, int rank)
    {
        _factors = factors;
        _transposed = transposed;
        _rank = rank;
        _random = new Random(transposed ? 2 : 1);
    }

    /// <summary>ln of the r singular values that are not 0, largest first.</summary>
    /// <param name="factors">J.</param>
    /// <param name="transposed">Whether to do it on A', whose values are the same while all rounding is another: a check.</param>
    /// <param name="rank">r.</param>
    /// <returns>Null, or values of −∞, where the precision did not suffice.</returns>
    public static double[]? LogSingularValues(Factors factors, bool transposed, int rank) =>
        new GradedProduct<T>(factors, transposed, rank).Solve();

    private double[]? Solve()
    {
        var columns = new T[_factors.Size * _rank];
        Orthogonal<T>.Fill(columns, _random);
        var triangle = new T[_rank * _rank];
        Orthogonal<T>.Factor(columns, _factors.Size, _rank, triangle, _random);
        columns = Pass(columns, triangle, !_transposed, product: null); // (1)
        var product = new ScaledRows<T>(_rank);
        Pass(columns, triangle, _transposed, product); // (2) (3)
        return product.LogSingularValues(); // (4)
    }

    /// <summary>Takes columns through all factors.</summary>
    /// <param name="columns">r orthonormal columns.</param>
    /// <param name="triangle">Room for R.</param>
    /// <param name="transposed">Through J_{m-1}' to J_0' rather than J_0 to J_{m-1}.</param>
    /// <param name="product">Collects R; null if it is not wanted.</param>
    private T[] Pass(T[] columns, T[] triangle, bool transposed, ScaledRows<T>? product)
    {
        var next = new T[columns.Length];
        for (var step = 0; step < _factors.Count; step++)
        {
            var (matrix, exponent) = _factors.Load(transposed ? _factors.Count - 1 - step : step, transposed);
            Multiply(matrix, columns, next);
            (columns, next) = (next, columns);
            Orthogonal<T>.Factor(columns, _factors.Size, _rank, triangle, _random);
            product?.MultiplyFromLeft(triangle, exponent);
        }

        return columns;
    }

    private void Multiply(double[] matrix, T[] columns, T[] products)
    {
        var size = _factors.Size;
        for (var column = 0; column < _rank; column++)
        {
            var source = columns.AsSpan(column * size, size);
            for (var row = 0; row < size; row++)
            {
                products[(column * size) + row] = T.Dot(matrix.AsSpan(row * size, size), source);
            }
        }
    }
}
