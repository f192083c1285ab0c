using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

internal static class TensorMap
{
    /// <summary>A float64 tensor of the same shape with a plain function of each element.</summary>
    public static Tensor map(this Tensor x, Func<double, double> function)
        => tensor(Expect.Doubles(x).Select(function).ToArray(), ScalarType.Float64).reshape(x.shape);
}
