using static TorchSharp.torch;

namespace TorchSharp.NN;

/// <summary>The distribution function of the standard normal.</summary>
internal static class NormalCdf
{
    public static double Of(double x)
    {
        using Tensor argument = tensor(x / Math.Sqrt(2), ScalarType.Float64);
        using Tensor value = argument.erf();
        return (1 + value.ToDouble()) / 2;
    }
}
