using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>What goes wrong inside a backward pass: NaN gradients, and an exception at the first place where one may be thrown.</summary>
public sealed class BackwardFailureTests
{
    [Theory]
    [InlineData("input")]
    [InlineData("h0")]
    [InlineData("weight_hh_l0")]
    [InlineData("output")]
    public void ChangedInPlace_IsFound(string changed)
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var leaf = LayerCase.Random(7, 3, 5).requires_grad_();
        var input = leaf.mul(1);
        var state = LayerCase.Random(1, 3, 11);
        var (output, _) = net.call(input, state);
        var loss = output.mul(LayerCase.Random(7, 3, 11)).sum();
        using (no_grad())
        {
            var target = changed switch
            {
                "input" => input,
                "h0" => state,
                "output" => output,
                _ => net.get_parameter(changed)!,
            };
            target.mul_(2);
        }

        var thrown = Assert.Throws<BackwardFailedException>(() => Gradient.Backward(loss));
        Assert.StartsWith("Gru: the backward pass failed and left NaN gradients: ", thrown.Message, StringComparison.Ordinal);
        Assert.NotNull(thrown.InnerException);
        ExpectNaN(leaf, net);
        net.ThrowIfFailed(); // it was thrown once
    }

    [Fact]
    public void PlainBackward_ThenTheNextForward_Throws()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        var x = LayerCase.Random(7, 3, 5).requires_grad_();
        net.call(x).Item1.sum().backward();
        ExpectNaN(x, net);
        var thrown = Assert.Throws<BackwardFailedException>(() => net.call(x));
        Assert.Equal("planted", thrown.InnerException!.Message);
        net.StepGradientObserver = null;
        Gradient.Backward(net.call(x).Item1.sum());
    }

    [Fact]
    public void PlainBackward_ThenThrowIfFailed_ThrowsOnce()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        net.call(LayerCase.Random(7, 3, 5)).Item1.sum().backward();
        Assert.Throws<BackwardFailedException>(net.ThrowIfFailed);
        net.ThrowIfFailed();
    }

    [Fact]
    public void PlainBackward_ThenBackwardOfAnotherNet_Throws()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        using var other = new Gru(5, 11, dtype: ScalarType.Float64);
        net.call(LayerCase.Random(7, 3, 5)).Item1.sum().backward();
        var loss = other.call(LayerCase.Random(7, 3, 5)).Item1.sum();
        Assert.Throws<BackwardFailedException>(() => Gradient.Backward(loss));
        Gradient.Backward(loss);
    }

    [Fact]
    public async Task Failure_OfAnotherThread_IsNotThrownHere()
    {
        using var net = Failing();
        await Task.Factory.StartNew(Fail, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.Factory.StartNew(Succeed, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.Throws<BackwardFailedException>(net.ThrowIfFailed);

        void Fail()
        {
            using var scope = NewDisposeScope();
            net.call(LayerCase.Random(7, 3, 5)).Item1.sum().backward();
        }

        void Succeed()
        {
            using var scope = NewDisposeScope();
            using var other = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
            Gradient.Backward(other.call(LayerCase.Random(7, 3, 5)).Item1.sum());
        }
    }

    [Fact]
    public void FrozenParameters_StayWithoutGradientInAFailure()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        net.get_parameter("bias_hh_l0")!.requires_grad = false;
        net.call(LayerCase.Random(7, 3, 5)).Item1.sum().backward();
        Assert.Null(net.get_parameter("bias_hh_l0")!.grad);
        Assert.True(net.get_parameter("weight_hh_l0")!.grad!.isnan().all().item<bool>());
        Assert.Throws<BackwardFailedException>(net.ThrowIfFailed);
    }

    [Fact]
    public void WrongLosses_AreNamed()
    {
        using var scope = NewDisposeScope();
        Expect.Message<ArgumentException>("loss: expected one number, got shape [2, 3]; reduce it with sum() or mean().", () => Gradient.Backward(zeros(2, 3).requires_grad_()));
        Assert.StartsWith("loss: expected a loss that depends on", Assert.Throws<ArgumentException>(() => Gradient.Backward(zeros(1))).Message, StringComparison.Ordinal);
    }

    private static Gru Failing() => new(5, 11, dtype: ScalarType.Float64)
    {
        Backward = BackwardPath.HandWritten,
        StepGradientObserver = _ => throw new InvalidOperationException("planted"),
    };

    private static void ExpectNaN(Tensor leaf, Gru net)
    {
        Assert.True(leaf.grad!.isnan().all().item<bool>());
        Assert.Equal(leaf.shape, leaf.grad!.shape);
        foreach (var (_, parameter) in net.named_parameters())
        {
            Assert.True(parameter.grad!.isnan().all().item<bool>());
            Assert.Equal(parameter.shape, parameter.grad!.shape);
        }
    }
}
