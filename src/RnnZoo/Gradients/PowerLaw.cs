using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// What a recurrent matrix W alone says of ∂h_T/∂h_k in a vanilla net, d = T - k steps apart; all as natural logarithms:
/// <code>
/// (1)  ∂h_T/∂h_k = diag(φ'_T) W … diag(φ'_{k+1}) W,   |φ'| ≤ 1
/// (2)  ‖∂h_T/∂h_k‖ ≤ ‖W‖^d                    a bound, for tanh, ReLU and the identity
/// (3)  ‖W^d‖ ≥ ρ(W)^d                          and ‖W^d‖^(1/d) → ρ(W): where a linear net ends up
/// (4)  ‖∂h_T/∂h_k‖ = |w|^d                     exact for a linear net with W = w Q, Q orthogonal; for one unit, W = w
/// </code>
/// Source: Y. Bengio, P. Simard and P. Frasconi, 1994; R. Pascanu, T. Mikolov and Y. Bengio, 2013; I. Gelfand, 1941, for (3).
/// </summary>
/// <param name="SpectralNorm">‖W‖₂, the largest singular value.</param>
/// <param name="SpectralRadius">ρ(W), the largest magnitude of an eigenvalue; never above the norm, and equal to it if W is normal.</param>
public sealed record PowerLaw(double SpectralNorm, double SpectralRadius)
{
    /// <summary>ln ‖W‖: no rate of growth, in nats per step, is above it.</summary>
    public double RateBound => Math.Log(SpectralNorm);

    /// <summary>The numbers of a matrix.</summary>
    /// <param name="weight">W [H, H].</param>
    /// <exception cref="ArgumentException">The matrix is not square.</exception>
    public static PowerLaw Of(Tensor weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (weight.Dimensions != 2 || weight.shape[0] != weight.shape[1])
        {
            throw new ArgumentException($"weight: expected [H, H], got {Check.Show(weight.shape)}.");
        }

        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var w = weight.detach().to(ScalarType.Float64, CPU); // [H, H]
        return new PowerLaw(linalg.svdvals(w).max().item<double>(), linalg.eigvals(w).abs().max().item<double>());
    }

    /// <summary>The numbers of a vanilla cell's W_hh.</summary>
    /// <param name="cell">The cell.</param>
    public static PowerLaw Of(VanillaRnnCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return Of(cell.weight_hh);
    }

    /// <summary>d ln |w|, the logarithm of (4).</summary>
    /// <param name="w">w.</param>
    /// <param name="distance">d, 0 or more steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">The distance is below 0.</exception>
    public static double ScalarLaw(double w, int distance)
    {
        if (distance < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(distance), $"distance: expected 0 or more steps, got {distance}.");
        }

        return distance == 0 ? 0 : distance * Math.Log(Math.Abs(w));
    }
}
