using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

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

    private static readonly double[] InverseFactorials = [.. Enumerable.Range(0, Degree + 1).Select(k => 1 / Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * i))];

    /// <summary>exp(A) [N, N]; on the tape if A is. The caller's scope takes what is made on the way.</summary>
    public static Tensor Of(Tensor a)
    {
        var squarings = Squarings(a);
        var b = a.mul(Math.ScaleB(1, -squarings)); // [N, N] (1)
        var b2 = b.mm(b); // [N, N]
        var b3 = b2.mm(b); // [N, N]
        var b4 = b2.mm(b2); // [N, N]
        var one = eye(a.shape[0], dtype: a.dtype, device: a.device); // [N, N]
        var e = b4.mul(InverseFactorials[Degree]); // [N, N]
        for (var k = Degree - 4; k >= 0; k -= 4)
        {
            e = e.add(b3.mul(InverseFactorials[k + 3])).add(b2.mul(InverseFactorials[k + 2])).add(b.mul(InverseFactorials[k + 1])).add(one.mul(InverseFactorials[k])); // (2)
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
        var norm = a.abs().sum(dim: 0).max().ToDouble();
        return norm > LargestNorm && double.IsFinite(norm) ? (int)Math.Ceiling(Math.Log2(norm / LargestNorm)) : 0;
    }
}
