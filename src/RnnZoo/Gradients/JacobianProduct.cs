using RnnZoo.Plots;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// A product of square matrices A = J_m … J_1, such as ∂s_T/∂s_k = J_T … J_{k+1}, kept in its factors. Its norm and singular
/// values come as logarithms, over any span, without ever forming A:
/// <code>
/// (1)  J_i' P_i = P_{i-1} S_i       one QR for each factor; P_m random, orthonormal [S, S]
/// (2)  J_i Q_{i-1} = Q_i R_i        Q_0 = P_0
/// (3)  A Q_0 = Q_m T,  T = R_m … R_1    kept as diag(2^e) U
/// (4)  σ(A) = σ(T)                  by one-sided Jacobi on the rows of T
/// </code>
/// (1) orders the columns of P_0 from the direction that A stretches most to that which it stretches least, whence the rows of
/// T fall in size while those of U are far from parallel, and (4) finds small values as exactly as large ones. Source:
/// G. W. Stewart, "On graded QR decompositions of products of matrices", 1994, for (3); J. Demmel and K. Veselić, "Jacobi's
/// method is more accurate than QR", 1992, for (4).
/// </summary>
/// <remarks>
/// <para>All is done in float64. It is the factors that limit it, not the size of a value in the product: with factors whose
/// condition numbers are at most 1e7, ln σ was within 1e-7 of a computation in 600 digits for values of 1e-69 times the largest as
/// for the largest, and with condition numbers up to 1e13 within 1e-3.</para>
/// <para>A direction of which one factor leaves less than 1e-13 of the factor's norm cannot be told from rounding. It counts as
/// gone, whether it is exactly zero or not, and its ln σ is −∞: so where units of a ReLU net are off. Beside directions that are
/// lost without being zero, a value is meant if it is above 1e-10 of the largest, to 1e-5 of its logarithm.</para>
/// <para>ln σ_i / m tends to the Lyapunov exponents as m grows (V. Oseledets, 1968), and equals them only in that limit: see
/// <see cref="LyapunovExponents"/>. The cost grows with m S³; S = 128 and m = 50 take about half a second of one core.</para>
/// </remarks>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class JacobianProduct : Display.IPicture
{
    private readonly Func<int, Tensor> _read;
    private double[]? _logs;

    /// <summary>A product of given factors.</summary>
    /// <param name="size">S: rows and columns of each.</param>
    /// <param name="count">m.</param>
    /// <param name="read">Makes J_{i+1} [S, S] for i from 0, of any floating type on any device.</param>
    internal JacobianProduct(int size, int count, Func<int, Tensor> read)
    {
        _read = read;
        (Size, Count) = (size, count);
    }

    /// <summary>S: rows and columns.</summary>
    public int Size { get; }

    /// <summary>m: how many factors.</summary>
    public int Count { get; }

    /// <summary>A power of one matrix: Jᵐ.</summary>
    /// <param name="matrix">J [S, S]; read when something is asked for, so keep it alive.</param>
    /// <param name="exponent">m, at least 1.</param>
    /// <exception cref="ArgumentException">The matrix is not square, or the exponent below 1.</exception>
    public static JacobianProduct Power(Tensor matrix, int exponent)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var shape = matrix.shape;
        if (shape.Length != 2 || shape[0] != shape[1] || shape[0] == 0)
        {
            throw new ArgumentException($"matrix: expected a square matrix [S, S] with S above 0, got {Check.Show(shape)}.");
        }

        if (exponent < 1)
        {
            throw new ArgumentException($"exponent: expected at least 1, got {exponent}.");
        }

        return new JacobianProduct((int)shape[0], exponent, _ => matrix.alias());
    }

    /// <summary>ln ‖A‖₂, the logarithm of the largest singular value; −∞ if the product is zero.</summary>
    /// <exception cref="ArithmeticException">A factor has a number that is not finite.</exception>
    public double LogNorm() => LogSingularValues()[0];

    /// <summary>ln σ_i, largest first.</summary>
    /// <exception cref="ArithmeticException">A factor has a number that is not finite.</exception>
    public IReadOnlyList<double> LogSingularValues() => _logs ??= Solve();

    /// <summary>ln σ by rank.</summary>
    /// <exception cref="ArithmeticException">A factor has a number that is not finite.</exception>
    public Figure ToFigure() => GradientPictures.Spectrum(LogSingularValues(), Count);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();

    private double[] Solve()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var frame = Directions.Random(Size, Size, seed: 1); // [S, S]
        for (var index = Count - 1; index >= 0; index--) // (1)
        {
            using var step = NewDisposeScope();
            using var before = frame;
            (frame, _) = Directions.Turn(Read(index).t(), frame, $"in factor {index + 1} of {Count}"); // [S, r]
            frame.MoveToOuterDisposeScope();
        }

        using var product = new GradedTriangle(frame.shape[1]);
        for (var index = 0; index < Count && frame.shape[1] > 0; index++)
        {
            using var step = NewDisposeScope();
            using var before = frame;
            (frame, var triangle) = linalg.qr(Read(index).mm(frame)); // [S, r], [r, r] (2)
            frame.MoveToOuterDisposeScope();
            product.MultiplyFromLeft(triangle); // (3)
        }

        var logs = new double[Size];
        Array.Fill(logs, double.NegativeInfinity);
        product.LogSingularValues().CopyTo(logs, 0); // (4)
        return logs;
    }

    private Tensor Read(int index) => _read(index).detach().to(ScalarType.Float64, CPU); // [S, S]
}

/// <summary>Directions that Jacobians turn and stretch: the columns of an orthonormal matrix Q.</summary>
internal static class Directions
{
    /// <summary>Of what a Jacobian stretches by, as a share of its norm: less cannot be told from rounding, and counts as nothing.</summary>
    public const double Nothing = 1e-13;

    /// <summary>Random directions.</summary>
    /// <returns>[size, count].</returns>
    public static Tensor Random(long size, long count, long seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        return linalg.qr(randn(size, size, dtype: ScalarType.Float64, generator: generator).narrow(1, 0, count)).Q.MoveToOuterDisposeScope();
    }

    /// <summary>J Q = Q' R, without the directions of which J leaves nothing.</summary>
    /// <param name="jacobian">J [S, S].</param>
    /// <param name="frame">Q [S, m].</param>
    /// <param name="place">Where J is, for the message.</param>
    /// <returns>Q' [S, r], and for each of the m directions the factor R_ii that it is stretched by; 0 for the m - r that are gone.</returns>
    /// <exception cref="ArithmeticException">A number is NaN or infinite.</exception>
    public static (Tensor Frame, double[] Stretches) Turn(Tensor jacobian, Tensor frame, string place)
    {
        var norm = jacobian.norm().item<double>();
        if (!double.IsFinite(norm))
        {
            throw new ArithmeticException(FormattableString.Invariant($"J: expected finite numbers {place}, got {norm}; the state or the weights have diverged."));
        }

        var stretches = new double[frame.shape[1]];
        List<long> left = [.. Enumerable.Range(0, stretches.Length)];
        var image = jacobian.mm(frame); // [S, m]
        while (left.Count > 0)
        {
            var (turned, triangle) = linalg.qr(left.Count == stretches.Length ? image : image.index_select(1, tensor(left))); // [S, r], [r, r]
            var diagonal = triangle.diagonal().abs().data<double>().ToArray(); // [r]
            // One at a time: what comes after a direction that is gone was freed of a direction that means nothing.
            var gone = Array.FindIndex(diagonal, stretch => stretch <= Nothing * norm);
            if (gone < 0)
            {
                foreach (var (index, direction) in left.Index())
                {
                    stretches[direction] = diagonal[index];
                }

                return (turned, stretches);
            }

            left.RemoveAt(gone);
        }

        return (image.narrow(1, 0, 0), stretches);
    }
}

/// <summary>
/// An upper triangular matrix diag(2^e) U, with the largest entry of each row of U between 1 and 2: rows of any size, in which
/// a small one is as exact as a large one.
/// </summary>
internal sealed class GradedTriangle : IDisposable
{
    private const double Lowest = -1e15; // the exponent of a row of zeros
    private const double Rounding = 1e-15;
    private const int MostSweeps = 60;

    private Tensor _exponents; // e [r]: whole numbers
    private Tensor _rows; // U [r, r]

    /// <summary>The identity.</summary>
    public GradedTriangle(long size) =>
        (_exponents, _rows) = (zeros(size, dtype: ScalarType.Float64), eye(size, dtype: ScalarType.Float64));

    /// <summary>This matrix becomes R times itself.</summary>
    /// <param name="triangle">R [r, r], upper triangular.</param>
    public void MultiplyFromLeft(Tensor triangle)
    {
        using var scope = NewDisposeScope();
        var largest = _exponents.expand_as(triangle).masked_fill(triangle.eq(Scalars.Zero), Scalars.Of(Lowest)).amax([1], keepdim: true); // [r, 1]: of the terms of each row
        var rows = triangle.mul(_exponents.sub(largest).clamp_max(Scalars.Zero).exp2()).mm(_rows); // [r, r]
        var shift = rows.abs().amax([1], keepdim: true).clamp_min(Scalars.Of(1e-300)).log2().floor(); // [r, 1]
        Dispose();
        (_rows, _exponents) = (rows.mul(shift.neg().exp2()).DetachFromDisposeScope(), largest.Plus(shift).squeeze(1).DetachFromDisposeScope());
    }

    /// <summary>
    /// ln of every singular value, largest first. A rotation of two rows is written for the smaller one relative to itself, so
    /// the error of a value depends on the angles between rows, not on their sizes.
    /// </summary>
    public double[] LogSingularValues()
    {
        var exponents = _exponents.data<double>().ToArray(); // [r]
        double[][] rows = [.. _rows.unbind(0).Select(row => row.data<double>().ToArray())]; // r × [r]
        for (var sweep = 0; sweep < MostSweeps; sweep++)
        {
            var rotated = false;
            for (var first = 0; first < rows.Length; first++)
            {
                for (var second = first + 1; second < rows.Length; second++)
                {
                    rotated |= Rotate(rows[first], rows[second], exponents[second] - exponents[first]);
                }
            }

            if (!rotated)
            {
                return [.. rows.Select((row, index) => (Math.Log(Dot(row, row)) / 2) + (exponents[index] * Math.Log(2))).OrderDescending()];
            }
        }

        throw new ArithmeticException($"singular values: expected rotations to come to an end within {MostSweeps} sweeps.");
    }

    public void Dispose()
    {
        _exponents.Dispose();
        _rows.Dispose();
    }

    /// <summary>Makes two rows x and 2^exponent y orthogonal.</summary>
    /// <returns>Whether they were not.</returns>
    private static bool Rotate(double[] x, double[] y, double exponent)
    {
        var (a, b, g) = (Dot(x, x), Dot(y, y), Dot(x, y));
        if (!(Math.Abs(g) > Rounding * Math.Sqrt(x.Length) * Math.Sqrt(a * b)))
        {
            return false;
        }

        var s = Math.ScaleB(1, (int)Math.Clamp(exponent, -1_000, 1_000));
        if (b * s * s > a)
        {
            (x, y, a, b, s) = (y, x, b, a, 1 / s);
        }

        // With x the larger one and tan θ = τ s: τ = 2g / (d + √(d² + (2gs)²)), d = a - b s². Then x·y = 0 after
        // x ← c (x + τ s² y),  y ← c (y - τ x),  c = 1 / √(1 + τ²s²).
        var difference = a - (b * s * s);
        var tau = 2 * g / (difference + double.Hypot(difference, 2 * g * s));
        var cosine = 1 / double.Hypot(1, tau * s);
        for (var index = 0; index < x.Length; index++)
        {
            (x[index], y[index]) = (cosine * (x[index] + (tau * s * s * y[index])), cosine * (y[index] - (tau * x[index])));
        }

        return true;
    }

    private static double Dot(double[] x, double[] y)
    {
        var sum = 0.0;
        for (var index = 0; index < x.Length; index++)
        {
            sum += x[index] * y[index];
        }

        return sum;
    }
}
