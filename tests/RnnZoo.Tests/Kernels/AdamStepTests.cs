using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

/// <summary>One pass of Adam against a loop over its equations.</summary>
public sealed class AdamStepTests
{
    private static readonly (double First, double Second, double Rate, double Root, double Epsilon) Constants = (0.9, 0.99, 0.03, 0.4, 1e-3);

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(61)]
    [InlineData(97)]
    public unsafe void Run_AtEveryWidth_IsAdam_AndStaysWithinItsArrays(int count)
    {
        foreach (var width in Enum.GetValues<VectorWidth>())
        {
            Check<float>(count, width, 1e-6);
            Check<double>(count, width, 1e-14);
        }
    }

    private static unsafe void Check<T>(int count, VectorWidth width, double tolerance)
        where T : unmanaged, System.Numerics.IFloatingPoint<T>
    {
        const int Beyond = 40;
        var random = new Random(count);
        var before = Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, count + Beyond).Select(_ => T.CreateChecked(random.NextDouble() - 0.4)).ToArray()).ToArray();
        before[3] = [.. before[3].Select(T.Abs)];
        var after = before.Select(array => array.ToArray()).ToArray();
        fixed (T* parameter = after[0], gradient = after[1], first = after[2], second = after[3])
        {
            new AdamStep<T>
            {
                Parameter = parameter,
                Gradient = gradient,
                First = first,
                Second = second,
                Count = count,
                FirstDecay = Constants.First,
                SecondDecay = Constants.Second,
                Rate = Constants.Rate,
                Root = Constants.Root,
                Epsilon = Constants.Epsilon,
            }.Run(threads: 2, width);
        }

        for (var i = 0; i < count + Beyond; i++)
        {
            var (p, g, m, v) = (Of(before[0]), Of(before[1]), Of(before[2]), Of(before[3]));
            if (i < count)
            {
                m = (Constants.First * m) + ((1 - Constants.First) * g);
                v = (Constants.Second * v) + ((1 - Constants.Second) * g * g);
                p -= Constants.Rate * m / ((Math.Sqrt(v) / Constants.Root) + Constants.Epsilon);
            }

            Assert.Equal([p, g, m, v], after.Select(Of), (expected, actual) => Math.Abs(expected - actual) <= tolerance);

            double Of(T[] array) => double.CreateChecked(array[i]);
        }
    }
}
