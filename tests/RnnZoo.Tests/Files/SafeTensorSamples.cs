using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

/// <summary>Tensors of every kind that safetensors knows.</summary>
internal static class SafeTensorSamples
{
    public static ScalarType[] Types { get; } =
    [
        ScalarType.Bool, ScalarType.Byte, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64,
        ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64,
    ];

    public static Dictionary<string, Tensor> EveryTypeAndShape()
    {
        using var generator = new Generator(11);
        var tensors = new Dictionary<string, Tensor>();
        foreach (var type in Types)
        {
            foreach (var shape in new long[][] { [], [3], [2, 5, 7], [0], [3, 0, 2], [1, 1] })
            {
                var values = randn(shape, dtype: ScalarType.Float64, generator: generator).mul(5);
                tensors[$"{type} [{string.Join(", ", shape)}] é\"\\\n𝄞"] = type == ScalarType.Bool ? values.gt(0) : values.abs().to(type);
            }
        }

        tensors["no numbers"] = tensor(new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, -0.0 });
        return tensors;
    }

    public static void SameBits(Tensor expected, Tensor actual, string what)
    {
        Assert.True(expected.dtype == actual.dtype, $"{what}: expected {expected.dtype}, got {actual.dtype}");
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.bytes.SequenceEqual(actual.bytes), what);
    }
}
