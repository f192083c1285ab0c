using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>L2 norms in double, whatever the element type, that neither overflow nor underflow on the way.</summary>
internal static class TensorNorm
{
    // Sums of squares outside these bounds have lost digits, or all, to the ends of double's range.
    private const double SmallestSum = 1e-280;
    private const double LargestSum = 1e280;

    /// <summary>The norm of all elements; NaN if one is NaN.</summary>
    public static double Of(Tensor tensor)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var wide = tensor.to(ScalarType.Float64);
        var sum = wide.square().sum().ToDouble();
        if (sum is > SmallestSum and < LargestSum || double.IsNaN(sum) || tensor.numel() == 0)
        {
            return Math.Sqrt(sum);
        }

        var largest = wide.abs().max().ToDouble();
        return largest is 0 or double.PositiveInfinity ? largest : largest * Math.Sqrt(wide.div(largest).square().sum().ToDouble());
    }

    /// <summary>√(a² + b²).</summary>
    public static double Join(double a, double b) => double.Hypot(a, b);
}
