using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// From free numbers to an orthogonal matrix, and the gradient back; X [H, H] is read above its diagonal only:
/// <code>
/// (1)  A = U - U',   U = X above the diagonal, 0 elsewhere      A' = -A
/// (2)  W = exp(A)                                               W'W = exp(A') exp(A) = I
/// (3)  dA = Σ_{m,n} (A')^m dW (A')^n / (m + n + 1)! = block (1, 2) of exp [A', dW; 0, A']
/// (4)  dX = (dA - dA') above the diagonal, 0 elsewhere
/// </code>
/// Every orthogonal matrix of determinant 1 is the exponential of a skew-symmetric one. Source: M. Lezcano-Casado and
/// D. Martínez-Rubio, "Cheap orthogonal constraints in neural networks", 2019; for (3) N. Higham, "Functions of
/// matrices", 2008, equation 3.16.
/// </summary>
/// <remarks>
/// Computed in float64 whatever the type of X, so that W is orthogonal to the rounding of its own element type. With a tape
/// autograd finds the gradient; <see cref="Gradient"/> is for those who have none.
/// </remarks>
internal static class SkewMap
{
    /// <summary>W [H, H] of X [H, H], in X's element type; on the tape if X is.</summary>
    public static Tensor Matrix(Tensor x)
    {
        using var scope = NewDisposeScope();
        return MatrixExponential.Of(Skew(x)).to(x.dtype).MoveToOuterDisposeScope(); // [H, H] (2)
    }

    /// <summary>dX [H, H] of dW [H, H].</summary>
    public static Tensor Gradient(Tensor x, Tensor dWeight)
    {
        using var scope = NewDisposeScope();
        var (at, dW) = (Skew(x).t(), dWeight.to(ScalarType.Float64)); // [H, H]
        var size = x.shape[0];
        var blocks = cat([cat([at, dW], 1), cat([zeros_like(at), at], 1)], 0); // [2H, 2H]
        var dA = MatrixExponential.Of(blocks).narrow(0, 0, size).narrow(1, size, size); // [H, H] (3)
        return dA.sub(dA.t()).triu(1).to(x.dtype).MoveToOuterDisposeScope(); // [H, H] (4)
    }

    private static Tensor Skew(Tensor x)
    {
        var upper = x.to(ScalarType.Float64).triu(1); // [H, H]
        return upper.sub(upper.t()); // [H, H] (1)
    }
}

/// <summary>
/// The exponential of a float64 matrix by products of matrices alone, so that its gradient takes two products for each of its
/// own; autograd's for torch.matrix_exp takes the exponential of a matrix twice as wide, many times the work.
/// <code>
/// (1)  B = A / 2^s,   s the least with ‖B‖₁ at most 0.8
/// (2)  E = Σ_{k=0}^{16} B^k / k!      in powers of B⁴; the rest is below 0.8^17 / 17! &lt; 1e-16
/// (3)  exp(A) = E^(2^s)               by s squarings
/// </code>
/// Source: N. Higham, "The scaling and squaring method for the matrix exponential revisited", 2005; M. Paterson and
/// L. Stockmeyer, 1973, for (2).
/// </summary>
internal static class MatrixExponential
{
    private const int Degree = 16;
    private const double LargestNorm = 0.8;

    private static readonly Scalar[] InverseFactorials = [.. Enumerable.Range(0, Degree + 1).Select(k => Scalars.Of(1 / Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * i)))];

    /// <summary>exp(A) [N, N]; on the tape if A is. The caller's scope takes what is made on the way.</summary>
    public static Tensor Of(Tensor a)
    {
        var squarings = Squarings(a);
        var b = a.mul(Scalars.Of(Math.ScaleB(1, -squarings))); // [N, N] (1)
        var b2 = b.mm(b); // [N, N]
        var b3 = b2.mm(b); // [N, N]
        var b4 = b2.mm(b2); // [N, N]
        var one = eye(a.shape[0], dtype: a.dtype, device: a.device); // [N, N]
        var e = b4.mul(InverseFactorials[Degree]); // [N, N]
        for (var k = Degree - 4; k >= 0; k -= 4)
        {
            e = e.Plus(b3.mul(InverseFactorials[k + 3])).Plus(b2.mul(InverseFactorials[k + 2])).Plus(b.mul(InverseFactorials[k + 1])).Plus(one.mul(InverseFactorials[k])); // (2)
            e = k > 0 ? e.mm(b4) : e; // [N, N]
        }

        for (var square = 0; square < squarings; square++)
        {
            e = e.mm(e); // [N, N] (3)
        }

        return e;
    }

    private static int Squarings(Tensor a)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var norm = a.abs().sum(dim: 0).max().Number();
        return norm > LargestNorm && double.IsFinite(norm) ? (int)Math.Ceiling(Math.Log2(norm / LargestNorm)) : 0;
    }
}

/// <summary>Matrices that turn pairs of units: angles beside the diagonal of a skew-symmetric matrix. The caller holds the dispose scope and no_grad.</summary>
internal static class SkewAngles
{
    /// <summary>Angles from U(-π, π). Source: M. Henaff, A. Szlam and Y. LeCun, 2016.</summary>
    public static Tensor Uniform(long count, Generator? generator) =>
        empty(count, dtype: ScalarType.Float64).uniform_(-Math.PI, Math.PI, generator); // [H/2]

    /// <summary>Angles -tan(θ/2), θ from U(0, π/2): all in [-1, 0]. Source: K. Helfrich, D. Willmott and Q. Ye, 2018; M. Lezcano-Casado and D. Martínez-Rubio, 2019.</summary>
    public static Tensor Cayley(long count, Generator? generator) =>
        empty(count, dtype: ScalarType.Float64).uniform_(0, Math.PI / 2, generator).div(Scalars.Of(2L)).tan().neg(); // [H/2]

    /// <summary>Sets what turns units 2k and 2k + 1 by angle k, and all else above the diagonal to zero.</summary>
    /// <param name="skew">[H, H].</param>
    /// <param name="angles">[H/2].</param>
    public static void Write(Tensor skew, Tensor angles)
    {
        var size = skew.shape[0];
        var above = zeros(size, dtype: ScalarType.Float64); // [H]
        above.narrow(0, 0, angles.shape[0] * 2).view(-1, 2).select(1, 0).copy_(angles); // entry 2k stands in row 2k, column 2k + 1
        skew.copy_(diag_embed(above.narrow(0, 0, size - 1), offset: 1)); // [H, H]
    }
}
