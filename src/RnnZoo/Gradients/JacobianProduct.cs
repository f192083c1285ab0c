using RnnZoo.Plots;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// A product of square matrices A = J_m … J_1, such as ∂s_T/∂s_k = J_T … J_{k+1}, kept in its factors: norms and singular
/// values come as logarithms, over any span, and small ones are as good as large ones.
/// </summary>
/// <remarks>
/// <para>Formed in double precision, a product of fifty factors has lost every direction that it shrinks 1e-16 times as much as
/// its largest. Here the product is taken by QR at each factor, and the singular values from its triangular part, which is kept
/// scaled row by row. All is done twice, on A and on its transpose, whose rounding errors have nothing in common: a value
/// counts if both agree. Where doubles do not suffice the same is done in twice the precision (about 32 digits). Where that
/// does not suffice either, as for factors so far from normal that a change in their 30th digit matters, a
/// <see cref="UnresolvedSingularValuesException"/> says so.</para>
/// <para>How many singular values are exactly zero is found in exact arithmetic; their logarithms are −∞.</para>
/// <para>ln σ_i / m tends to the Lyapunov exponents as m grows (V. Oseledets, 1968), and equals them only in that limit: see
/// <see cref="LyapunovExponents"/>. The cost grows with m S³; S = 128 and m = 50 take a few seconds at most in doubles, some twenty times as
/// long in the higher precision.</para>
/// </remarks>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed class JacobianProduct : Display.IPicture
{
    /// <summary>What results are good to unless told otherwise: the difference of two ways to ln σ, so about the relative error of σ.</summary>
    public const double DefaultTolerance = 1e-8;

    private readonly Factors _factors;
    private readonly Lazy<int> _rank;
    private ProductValues? _known;

    internal JacobianProduct(int size, int count, Func<int, Tensor> read)
    {
        _factors = new Factors(size, count, read);
        _rank = new Lazy<int>(() => ModularRank.Of(_factors));
    }

    /// <summary>S: rows and columns.</summary>
    public int Size => _factors.Size;

    /// <summary>m: how many factors.</summary>
    public int Count => _factors.Count;

    /// <summary>How many singular values are not zero, by arithmetic without rounding.</summary>
    public int Rank => _rank.Value;

    /// <summary>A product of given matrices.</summary>
    /// <param name="factors">J_1 to J_m, each [S, S], or all as one tensor [m, S, S]; read when something is asked for, so keep them alive.</param>
    /// <exception cref="ArgumentException">There are none, or they are not square or not of one size.</exception>
    public static JacobianProduct Of(params IReadOnlyList<Tensor> factors)
    {
        ArgumentNullException.ThrowIfNull(factors);
        if (factors.Count == 1 && factors[0].Dimensions == 3)
        {
            var all = factors[0];
            CheckSquare(all.shape[1..], all.shape);
            return new JacobianProduct((int)all.shape[1], CheckCount((int)all.shape[0]), index => all[index]);
        }

        CheckCount(factors.Count);
        foreach (var factor in factors)
        {
            CheckSquare(factor.shape, factors[0].shape);
        }

        Tensor[] kept = [.. factors];
        return new JacobianProduct((int)kept[0].shape[0], kept.Length, index => kept[index].alias());
    }

    /// <summary>A power of one matrix: Jᵐ.</summary>
    /// <param name="matrix">J [S, S]; read when something is asked for, so keep it alive.</param>
    /// <param name="exponent">m, at least 1.</param>
    /// <exception cref="ArgumentException">The matrix is not square, or the exponent below 1.</exception>
    public static JacobianProduct Power(Tensor matrix, int exponent)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        CheckSquare(matrix.shape, matrix.shape);
        return new JacobianProduct((int)matrix.shape[0], CheckCount(exponent), _ => matrix.alias());
    }

    /// <summary>ln ‖A‖₂, the logarithm of the largest singular value; −∞ if the product is exactly zero.</summary>
    /// <param name="tolerance">How far two ways to it may differ.</param>
    /// <exception cref="UnresolvedSingularValuesException">It cannot be told to the tolerance.</exception>
    /// <exception cref="ArithmeticException">A factor has a number that is not finite.</exception>
    public double LogNorm(double tolerance = DefaultTolerance) => LogSingularValues(1, tolerance)[0];

    /// <summary>ln σ_i, largest first; −∞ where σ_i is exactly zero.</summary>
    /// <param name="count">How many of the largest; all S if null.</param>
    /// <param name="tolerance">How far two ways to each ln σ_i may differ.</param>
    /// <exception cref="UnresolvedSingularValuesException">One of them cannot be told to the tolerance; the exception holds the rest.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many, or the tolerance is not a number above 0.</exception>
    /// <exception cref="ArithmeticException">A factor has a number that is not finite.</exception>
    public IReadOnlyList<double> LogSingularValues(int? count = null, double tolerance = DefaultTolerance)
    {
        var wanted = count ?? Size;
        if (wanted < 1 || wanted > Size)
        {
            throw new ArgumentOutOfRangeException(nameof(count), $"count: expected 1 to {Size}, got {wanted}.");
        }

        if (!double.IsFinite(tolerance) || tolerance <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(tolerance), $"tolerance: expected a number above 0, got {tolerance}.");
        }

        if (_known is null || _known.Resolved(tolerance) < wanted)
        {
            _known = ProductValues.Find(_factors, Rank, wanted, tolerance, _known);
        }

        var resolved = _known.Resolved(tolerance);
        return resolved >= wanted
            ? [.. _known.Values.Take(wanted)]
            : throw new UnresolvedSingularValuesException([.. _known.Values.Take(resolved)], wanted, tolerance);
    }

    /// <summary>ln σ by rank; those that cannot be told from rounding are left out, and the picture says how many.</summary>
    /// <exception cref="ArithmeticException">A factor has a number that is not finite, or not even the largest value can be told.</exception>
    public Figure ToFigure()
    {
        try
        {
            return GradientPictures.Spectrum(LogSingularValues(), Size, Count);
        }
        catch (UnresolvedSingularValuesException unresolved) when (unresolved.Resolved.Count > 0)
        {
            return GradientPictures.Spectrum(unresolved.Resolved, Size, Count);
        }
    }

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();

    /// <summary>The product itself, as a matrix near 1 in size and the logarithm of a factor: A = e^LogScale Matrix.</summary>
    /// <remarks>Multiplied in double precision: good relative to ‖J_m‖ … ‖J_1‖, and not for small singular values.</remarks>
    /// <exception cref="ArithmeticException">A factor has a number that is not finite.</exception>
    public ScaledMatrix ToMatrix()
    {
        using var scope = NewDisposeScope();
        var (product, exponents) = (eye(Size, dtype: ScalarType.Float64), 0L); // [S, S]
        for (var index = 0; index < Count; index++)
        {
            using var step = NewDisposeScope();
            var (values, exponent) = _factors.Load(index, transposed: false);
            var next = tensor(values, [Size, Size]).mm(product); // [S, S]
            var largest = next.abs().max().item<double>();
            var shift = largest == 0 ? 0 : Math.ILogB(largest);
            product = next.mul(Math.ScaleB(1, -shift)).MoveToOuterDisposeScope(); // [S, S]
            exponents += exponent + shift;
        }

        return new ScaledMatrix(product.MoveToOuterDisposeScope(), exponents * Math.Log(2));
    }

    private static int CheckCount(int count) =>
        count >= 1 ? count : throw new ArgumentException($"factors: expected at least one, got {count}.");

    private static void CheckSquare(long[] shape, long[] first)
    {
        if (shape.Length != 2 || shape[0] != shape[1] || shape[0] == 0 || shape[0] != first[^1])
        {
            throw new ArgumentException($"factors: expected square matrices [S, S] of one size above 0, got [{string.Join(", ", shape)}].");
        }
    }
}
