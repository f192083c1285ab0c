using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Bptt;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Gain, growth and memory, on nets whose gradients are known.</summary>
public sealed class GradientGainsTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(1.0)]
    [InlineData(2.0)]
    public void LinearNet_GainIsItsFactor_InBothDirections(double factor)
    {
        using var scope = NewDisposeScope();
        using var net = LinearNet.Scaled(factor, bidirectional: true);
        using var trace = GradientTrace.Attach(net);
        var (output, _) = net.call(LayerCase.Random(41, 3, 5));
        // Only the last step of either walk has a loss.
        Gradient.Backward(output[40].narrow(1, 0, 11).sum().add(output[0].narrow(1, 11, 11).sum()));
        foreach (var norms in trace.Last!.Layers)
        {
            var gains = new GradientGains(norms);
            var last = norms.Direction == 0 ? 40 : 0;
            Assert.Equal(40, gains.LogsFromTheEnd().Count());
            Assert.All(gains.LogsFromTheEnd(), gain => Assert.Equal(Math.Log(factor), gain, 1e-12));
            Assert.Equal(factor < 1 ? 20 : null, gains.StepsUntilLeft(1e-6)); // 2^-20 is the first below a millionth
            Assert.Equal(factor > 1 ? 1 : Math.Pow(2, -40), gains.Growth / Math.Pow(2, 40), 1e-11);
            Assert.Equal(factor > 1 ? last : null, gains.GrowthStart);
            Assert.Null(gains.NotFiniteFrom);
        }
    }

    [Fact]
    public void LossAtTheLastStep_LeftIsTheRatioOfTheNorms_OfAnLstm()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, dtype: ScalarType.Float64);
        using var trace = GradientTrace.Attach(net);
        Gradient.Backward(net.call(LayerCase.Random(23, 3, 5)).Item1[22].sum());
        var norms = trace.Last![0];
        var gains = new GradientGains(norms);
        var expected = double.Hypot(norms.HiddenFromFuture[13], norms.CellFromFuture![13]) / norms.Hidden[22];
        Assert.Equal(expected, Left(gains, 9), expected * 1e-12);
    }

    [Fact]
    public void Growth_IsFoundWhereItIs()
    {
        // Back from t = 6: halved twice, doubled three times, halved once. Nothing comes from outside but at t = 6.
        double[] norms = [2.0 / 2, 2, 1, 0.5, 0.25, 0.5, 1];
        var gains = new GradientGains(new LayerGradientNorms(0, 0, norms, [.. norms[..6], 0]));
        Assert.Equal(8, gains.Growth, 1e-12);
        Assert.Equal(4, gains.GrowthStart);
        var mirrored = new GradientGains(new LayerGradientNorms(0, 1, [.. norms.Reverse()], [0, .. norms[..6].Reverse()]));
        Assert.Equal(2, mirrored.GrowthStart);
    }

    [Fact]
    public void StepsAfterTheLoss_DoNotCount()
    {
        double[] norms = [0.125, 0.25, 0.5, 1, 0, 0];
        var gains = new GradientGains(new LayerGradientNorms(0, 0, norms, [0.125, 0.25, 0.5, 0, 0, 0]));
        Assert.Equal(2, gains.StepsUntilLeft(0.3));
        Assert.Equal(3, gains.LogsFromTheEnd().Count());
        Assert.Equal(0.125, Left(gains, 3), 1e-15);
    }

    [Fact]
    public void GradientThatEndsAtOnce_IsGoneAfterOneStep()
    {
        var gains = new GradientGains(new LayerGradientNorms(0, 0, [1, 1, 1], [0, 0, 0]));
        Assert.Equal(1, gains.StepsUntilLeft(1e-6));
        Assert.Equal(0, Left(gains, 1));
    }

    [Fact]
    public void NotFinite_IsFoundAtItsFirstStepBack()
    {
        var gains = new GradientGains(new LayerGradientNorms(0, 0, [double.NaN, double.PositiveInfinity, 1e300, 1], [double.NaN, double.PositiveInfinity, 1e300, 0]));
        Assert.Equal(1, gains.NotFiniteFrom);
    }

    private static double Left(GradientGains gains, int steps) => Math.Exp(gains.LogsFromTheEnd().Take(steps).Sum());
}
