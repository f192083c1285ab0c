using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

public sealed class ReferenceLayerTests
{
    [Theory]
    [InlineData("Tanh")]
    [InlineData("Relu")]
    [InlineData("Linear")]
    [InlineData("Lstm")]
    [InlineData("Gru")]
    public void Backward_MatchesCentralDifferences(string cell)
    {
        foreach (var reverse in new[] { false, true })
        {
            var shape = new LayerShape(Enum.Parse<CellKind>(cell), 5, 2, 3, 4, reverse);
            var data = new LayerData(shape, new Random(14));
            var cotangents = new KernelCotangents(shape, new Random(15));
            var reference = new ReferenceLayer(shape, data);
            _ = reference.Forward();
            var d = reference.Backward(cotangents);
            Check(shape, data, cotangents, data.X, d.DX);
            Check(shape, data, cotangents, data.WeightIh, d.DWeightIh);
            Check(shape, data, cotangents, data.WeightHh, d.DWeightHh);
            Check(shape, data, cotangents, data.BiasIh!, d.DBiasIh);
            Check(shape, data, cotangents, data.BiasHh!, d.DBiasHh);
            Check(shape, data, cotangents, data.H0!, d.DH0);
            if (shape.Cell == CellKind.Lstm)
            {
                Check(shape, data, cotangents, data.C0!, d.DC0);
            }
        }
    }

    private static void Check(LayerShape shape, LayerData data, KernelCotangents cotangents, double[] at, double[] gradient)
    {
        const double Step = 1e-6;
        for (var i = 0; i < at.Length; i++)
        {
            var kept = at[i];
            at[i] = kept + Step;
            var above = Loss(shape, data, cotangents);
            at[i] = kept - Step;
            var below = Loss(shape, data, cotangents);
            at[i] = kept;
            Assert.Equal((above - below) / (2 * Step), gradient[i], 1e-7);
        }
    }

    private static double Loss(LayerShape shape, LayerData data, KernelCotangents cotangents)
    {
        _ = new ReferenceLayer(shape, data).Forward();
        var cell = shape.Cell == CellKind.Lstm ? Dot(data.CN, cotangents.DCN!) : 0;
        return Dot(data.Output, cotangents.DOutput!) + Dot(data.HN, cotangents.DHN!) + cell;
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
