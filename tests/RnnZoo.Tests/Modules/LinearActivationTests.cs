using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The vanilla net with a linear activation: its state and its gradient are powers of W.</summary>
public sealed class LinearActivationTests
{
    private const int T = 7;
    private const long B = 3;
    private const long H = 5;

    [Fact]
    public void Output_WithoutInput_IsInitialStateTimesPowersOfW()
    {
        using var scope = NewDisposeScope();
        using var net = new VanillaRnn(2, H, 1, Activation.Linear, bias: false, dtype: ScalarType.Float64);
        var h0 = randn(1, B, H, dtype: ScalarType.Float64);
        var (output, hn) = net.call(zeros(T, B, 2, dtype: ScalarType.Float64), h0);
        var transposed = net.get_parameter("weight_hh_l0")!.detach().t();
        var expected = h0.select(0, 0);
        for (var t = 0; t < T; t++)
        {
            expected = expected.mm(transposed);
            Expect.Close(expected, output.select(0, t), 1e-13, $"h at step {t}");
        }

        Expect.Close(expected, hn.select(0, 0), 1e-13, "h_n");
    }

    [Fact]
    public void Gradient_OfLastStateForFirst_IsPowerOfW()
    {
        using var scope = NewDisposeScope();
        using var net = new VanillaRnn(2, H, 1, Activation.Linear, dtype: ScalarType.Float64);
        var h0 = randn(1, B, H, dtype: ScalarType.Float64).requires_grad_();
        var cotangent = randn(1, B, H, dtype: ScalarType.Float64);
        var (_, hn) = net.call(randn(T, B, 2, dtype: ScalarType.Float64), h0);
        hn.mul(cotangent).sum().backward();
        var expected = cotangent.select(0, 0);
        for (var t = 0; t < T; t++)
        {
            expected = expected.mm(net.get_parameter("weight_hh_l0")!.detach());
        }

        Expect.Close(expected, h0.grad!.select(0, 0), 1e-13, "∂L/∂h_0");
    }

    [Fact]
    public void NativePath_IsRefused()
    {
        using var net = new VanillaRnn(2, 3, 1, Activation.Linear);
        Assert.Equal(BackwardPath.HandWritten, net.EffectiveBackward);
        Expect.Message<NotSupportedException>(
            "Backward: VanillaRnn has no native path, for libtorch has no such module with activation Linear; use Auto or Autograd.",
            () => net.Backward = BackwardPath.Native);
        Assert.Equal(BackwardPath.Auto, net.Backward);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    public void OurActivations_EqualTorchNonLinearities(Activation activation)
    {
        using var scope = NewDisposeScope();
        var theirs = activation == Activation.Relu ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh;
        using var expected = new VanillaRnn(2, 3, nonLinearity: theirs);
        using var actual = new VanillaRnn(2, 3, 1, activation);
        actual.load_state_dict(expected.state_dict());
        var x = randn(T, B, 2);
        Expect.Close(expected.call(x).Item1, actual.call(x).Item1, 0, activation.ToString());
    }
}
