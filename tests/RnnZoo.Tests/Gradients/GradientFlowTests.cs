using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Bptt;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Gradient norms against distance: the law, its bound, and autograd's word on them.</summary>
public sealed class GradientFlowTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(1.0)]
    [InlineData(1.1)]
    public void Linear_ScaledOrthogonal_IsThePowerLaw(double w)
    {
        using var scope = NewDisposeScope();
        using var net = Vanilla(w, Activation.Linear);

        var flow = GradientFlow.Measure(net, LayerCase.Random(101, 3, 5), LayerCase.Random(3, 11));

        Assert.Null(flow.Cell);
        Assert.Equal(101, flow.Hidden.Mean.Count);
        for (var distance = 1; distance <= 101; distance++)
        {
            var exact = Math.Pow(w, distance);
            Assert.All([flow.Hidden.Mean, flow.Hidden.Lowest, flow.Hidden.Highest], shares => Assert.Equal(1, shares[distance - 1] / exact, 1e-11));
        }

        Assert.Equal(Math.Log(w), Slope(flow.Hidden.Mean), 1e-12);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.1)]
    [InlineData(1.5)]
    public void Vanilla_IsNeverAboveThePowerOfTheSpectralNorm(double norm)
    {
        using var scope = NewDisposeScope();
        using var net = Vanilla(norm, Activation.Tanh);

        var highest = GradientFlow.Measure(net, LayerCase.Random(37, 7, 5), LayerCase.Random(7, 11)).Hidden.Highest;

        for (var distance = 1; distance <= highest.Count; distance++)
        {
            var bound = Math.Pow(norm, distance);
            Assert.True(highest[distance - 1] <= bound * (1 + 1e-12), $"distance {distance}: expected at most {bound}, got {highest[distance - 1]}");
        }

        Assert.InRange(highest[^1], double.Epsilon, 0.9 * Math.Pow(norm, highest.Count)); // tanh takes something away
    }

    [Theory]
    [InlineData("vanilla")]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("mingru")]
    public void EveryNet_MatchesAutogradThroughTheLastSteps(string model)
    {
        const int T = 13;
        using var scope = NewDisposeScope();
        IRecurrentModule net = model switch
        {
            "lstm" => new Lstm(5, 11, numLayers: 2, dtype: ScalarType.Float64),
            "gru" => new Gru(5, 11, numLayers: 2, dtype: ScalarType.Float64),
            "mingru" => new MinGru(5, 11, numLayers: 2, dtype: ScalarType.Float64),
            _ => new VanillaRnn(5, 11, 2, nn.NonLinearities.Tanh, dtype: ScalarType.Float64),
        };
        using var owner = (nn.Module)net;
        var (x, v) = (LayerCase.Random(T, 3, 5), LayerCase.Random(3, 11));

        var flow = GradientFlow.Measure(net, x, v);

        int[] distances = [1, 6, T];
        Assert.All(distances, distance =>
        {
            var (hidden, cell) = ByAutograd(net, x, v, distance);
            Assert.Equal(1, flow.Hidden.Mean[distance - 1] / hidden, 1e-10);
            Assert.Equal(cell is null, flow.Cell is null);
            Assert.Equal(1, flow.Cell is null ? 1 : flow.Cell.Mean[distance - 1] / cell!.Value, 1e-10);
        });
    }

    [Fact]
    public void Measure_FarBelowTheSquareRootOfTheSmallestDouble_StaysExact_ThenSaysNaN()
    {
        using var scope = NewDisposeScope();
        using var net = Vanilla(0.5, Activation.Linear);

        var shares = GradientFlow.Measure(net, zeros(1100, 1, 5, dtype: ScalarType.Float64), ones(1, 11, dtype: ScalarType.Float64)).Hidden.Mean;

        Assert.Equal(1, shares[899] / Math.Pow(0.5, 900), 1e-9);
        Assert.Equal(double.NaN, shares[1099]);
    }

    [Fact]
    public void Measure_DeadNet_IsNaN()
    {
        using var scope = NewDisposeScope();
        using var net = Vanilla(1, Activation.Relu);
        using (no_grad())
        {
            ((VanillaRnnCell)net.CellAt(0)).bias_ih!.fill_(-1e6);
        }

        Assert.All(GradientFlow.Measure(net, LayerCase.Random(7, 3, 5), LayerCase.Random(3, 11)).Hidden.Mean, share => Assert.Equal(double.NaN, share));
    }

    [Fact]
    public void Measure_WhatDoesNotFit_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        using var net = Vanilla(1, Activation.Tanh);
        using var both = new Gru(5, 11, bidirectional: true, dtype: ScalarType.Float64);
        var (x, v) = (LayerCase.Random(7, 3, 5), LayerCase.Random(3, 11));

        Assert.StartsWith("module: expected a net that reads forwards only", Message(() => GradientFlow.Measure(both, x, v)), StringComparison.Ordinal);
        Assert.StartsWith("input, cotangent: expected Float64", Message(() => GradientFlow.Measure(net, x.to(ScalarType.Float32), v)), StringComparison.Ordinal);
        Assert.Equal("cotangent: expected [B, H] = [3, 11], got [3, 13].", Message(() => GradientFlow.Measure(net, x, LayerCase.Random(3, 13))));
    }

    [Fact]
    public void Measure_LeavesNoTensorBehind()
    {
        using var net = new Lstm(5, 11, dtype: ScalarType.Float64);
        using var x = LayerCase.Random(7, 3, 5);
        using var v = LayerCase.Random(3, 11);
        GradientFlow.Measure(net, x, v);
        var before = Expect.LiveTensors;

        GradientFlow.Measure(net, x, v);

        Assert.Equal(before, Expect.LiveTensors);
    }

    private static VanillaRnn Vanilla(double norm, Activation activation)
    {
        var net = new VanillaRnn(5, 11, 1, activation, dtype: ScalarType.Float64);
        using var generator = new Generator(3);
        Initialisers.Default().Then(Initialisers.Orthogonal(norm)).Apply(net, generator);
        return net;
    }

    /// <summary>The shares by autograd: the state at T - d is cut off, and the last d steps are run from it.</summary>
    private static (double Hidden, double? Cell) ByAutograd(IRecurrentModule net, Tensor x, Tensor v, int distance)
    {
        net.Backward = BackwardPath.Autograd;
        var steps = x.shape[0];
        var start = distance < steps ? net.Run(x.narrow(0, 0, steps - distance)).State : net.ZeroState(x.shape[1]);
        var cut = start.Map(part => part.detach().requires_grad_(true)); // parts [L, B, H]
        var end = net.Run(x.narrow(0, steps - distance, distance), cut).State;
        end.Hidden[net.NumLayers - 1].mul(v).sum().backward();
        var hidden = cut.Hidden.grad![net.NumLayers - 1]; // [B, H]
        if (cut.Count == 1)
        {
            return (Share(hidden, v), null);
        }

        // Autograd takes h and c at the cut for independent; but for the initial state, h is made from c.
        var cell = cut.Cell.grad![net.NumLayers - 1]; // [B, H]
        return (Share(hidden, v), Share(distance < steps ? cell.add(hidden.mul(Slope(start, net))) : cell, v.mul(Slope(end, net))));
    }

    /// <summary>dh/dc = o tanh'(c) of the last layer, from h = o tanh(c).</summary>
    private static Tensor Slope(RecurrentState state, IRecurrentModule net)
    {
        var (h, tanh) = (state.Hidden[net.NumLayers - 1], state.Cell[net.NumLayers - 1].tanh()); // [B, H]
        return h.div(tanh).mul(ones_like(tanh).sub(tanh.square())); // [B, H]
    }

    private static double Share(Tensor gradient, Tensor relativeTo)
        => Math.Exp(gradient.norm(dim: 1).log().sub(relativeTo.norm(dim: 1).log()).mean().ToDouble());

    /// <summary>The slope of the logarithms by least squares.</summary>
    private static double Slope(IReadOnlyList<double> shares)
    {
        var centre = (shares.Count - 1) / 2.0;
        var moment = Enumerable.Range(0, shares.Count).Sum(index => (index - centre) * (index - centre));
        return shares.Select((share, index) => (index - centre) * Math.Log(share)).Sum() / moment;
    }

    private static string Message(Action action) => Assert.Throws<ArgumentException>(action).Message;
}
