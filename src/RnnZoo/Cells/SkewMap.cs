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
