using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>Matrices that turn pairs of units: angles beside the diagonal of a skew-symmetric matrix. The caller holds the dispose scope and no_grad.</summary>
internal static class SkewAngles
{
    /// <summary>Angles from U(-π, π). Source: M. Henaff, A. Szlam and Y. LeCun, 2016.</summary>
    public static Tensor Uniform(long count, Generator? generator) =>
        empty(count, dtype: ScalarType.Float64).uniform_(-Math.PI, Math.PI, generator); // [H/2]

    /// <summary>Angles -tan(θ/2), θ from U(0, π/2): all in [-1, 0]. Source: K. Helfrich, D. Willmott and Q. Ye, 2018; M. Lezcano-Casado and D. Martínez-Rubio, 2019.</summary>
    public static Tensor Cayley(long count, Generator? generator) =>
        empty(count, dtype: ScalarType.Float64).uniform_(0, Math.PI / 2, generator).div(2).tan().neg(); // [H/2]

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
