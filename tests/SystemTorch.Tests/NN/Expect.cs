using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Assertions on tensors that say which one failed and by how much.</summary>
internal static class Expect
{
    public static void Close(Tensor expected, Tensor? actual, double tolerance, string what = "values")
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.shape, actual.shape);
        double[] wanted = Doubles(expected);
        double[] got = Doubles(actual);
        for (int i = 0; i < wanted.Length; i++)
        {
            double allowed = tolerance * Math.Max(1, Math.Abs(wanted[i]));
            Assert.True(Math.Abs(wanted[i] - got[i]) <= allowed, $"{what}[{i}]: expected {wanted[i]:R}, got {got[i]:R}");
        }
    }

    /// <summary>Same type, shape and bits.</summary>
    public static void Same(Tensor expected, Tensor? actual, string what = "values")
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.Equal(expected.shape, actual.shape);
        using Tensor left = expected.detach().contiguous();
        using Tensor right = actual.detach().contiguous();
        Assert.True(left.bytes.SequenceEqual(right.bytes), $"{what}: the bits differ");
    }

    public static double[] Doubles(Tensor value)
    {
        using Tensor copy = value.detach().to(ScalarType.Float64).contiguous();
        return copy.data<double>().ToArray();
    }
}
