using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The recurrences that are not made of weight_hh: their kernels, and their gradients without autograd.</summary>
public sealed class FreeRecurrenceTests
{
    private static readonly (long T, long B, long I, long H)[] Sizes =
    [
        (1, 1, 1, 1), (7, 1, 15, 17), (1, 7, 17, 15), (3, 7, 17, 33), (5, 3, 33, 130), (2, 33, 7, 15), (17, 15, 130, 7), (1, 130, 1, 33), (130, 1, 7, 1),
    ];

    [Theory]
    [InlineData(ScalarType.Float64, false)]
    [InlineData(ScalarType.Float64, true)]
    [InlineData(ScalarType.Float32, false)]
    public void OrthogonalKernels_OddSizes_EqualTheEquations(ScalarType dtype, bool reversed)
    {
        using var noTape = no_grad();
        var tolerance = dtype == ScalarType.Float64 ? 1e-12 : 2e-5;
        foreach (var (steps, batch, input, hidden) in Sizes)
        {
            using var scope = NewDisposeScope();
            var what = $"{dtype} T={steps} B={batch} I={input} H={hidden}";
            var layer = new EngineCase("orthogonal", dtype, steps, batch, input, hidden, bias: false);
            Assert.True(layer.Kernels.CanRun(layer.Arguments), what);
            var (expectedOutput, expectedFinal, expected) = layer.ByEquations(reversed);
            var (actualOutput, actualFinal, actual) = layer.ByKernels(reversed);
            Expect.Close(expectedOutput, actualOutput, tolerance, what);
            Expect.Close(expectedFinal, actualFinal, tolerance, what);
            Expect.Close(LayerCase.ByName(expected), LayerCase.ByName(actual), tolerance, what);
            Expect.Close(Assert.Single(expected.Further!), Assert.Single(actual.Further!), tolerance, what + " b");
        }
    }

    [Fact]
    public void OrthogonalKernels_WithoutBiasGradient_MakeNone()
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var layer = new EngineCase("orthogonal", ScalarType.Float32, 7, 3, 5, 11, bias: false);
        var tape = layer.MakeTape();
        _ = layer.Kernels.Forward(layer.Arguments, reversed: false, tape);
        var before = Expect.LiveTensors;
        Assert.Null(layer.Kernels.Backward(layer.Arguments, reversed: false, tape, layer.Cotangents, WantedGradients.HiddenWeight).Further);
        Assert.Equal(before + 1, Expect.LiveTensors);
    }

    [Theory]
    [InlineData("orthogonal", false)]
    [InlineData("orthogonal", true)]
    [InlineData("indrnn", false)]
    [InlineData("indrnn", true)]
    public void NetworkBptt_EveryGradient_EqualsAutograd(string name, bool batchFirst)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        IRecurrentModule net = name == "indrnn"
            ? new IndRnn(5, 11, 2, batchFirst: batchFirst, bidirectional: true, dtype: ScalarType.Float64)
            : new OrthogonalRnn(5, 11, 2, batchFirst, bidirectional: true, dtype: ScalarType.Float64);
        using var owner = (nn.Module)net;
        net.Backward = BackwardPath.Autograd;
        var x = (batchFirst ? LayerCase.Random(3, 7, 5) : LayerCase.Random(7, 3, 5)).requires_grad_();
        var h0 = LayerCase.Random(4, 3, 11).requires_grad_();
        var (output, state) = net.Run(x, new RecurrentState(h0));
        var (dOutput, dFinal) = (randn_like(output), randn_like(state.Hidden));
        Gradient.Backward(output.mul(dOutput).sum().add(state.Hidden.mul(dFinal).sum()));
        var expected = owner.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!);
        (expected["input"], expected["h0"]) = (x.grad!, h0.grad!);

        var bptt = new NetworkBptt(net);
        var run = bptt.Forward(x.detach(), new RecurrentState(h0.detach()));
        var gradients = bptt.Backward(run, dOutput, new RecurrentState(dFinal));
        var actual = new Dictionary<string, Tensor>(gradients.Parameters) { ["input"] = gradients.Input, ["h0"] = gradients.Initial.Hidden };
        Expect.Close(output, run.Output, 1e-13, "output");
        Expect.Close(expected, actual, 1e-12, name);
    }
}
