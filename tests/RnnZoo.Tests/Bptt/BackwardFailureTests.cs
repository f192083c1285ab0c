using System.Runtime.InteropServices;
using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>What goes wrong inside a backward pass: no gradients, and its cause at the first place where it may be thrown.</summary>
public sealed class BackwardFailureTests
{
    [Theory]
    [InlineData("input")]
    [InlineData("h0")]
    [InlineData("weight_hh_l0")]
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
                _ => net.get_parameter(changed)!,
            };
            target.mul_(2);
        }

        var thrown = Assert.Throws<BackwardFailedException>(() => Gradient.Backward(loss));
        Assert.StartsWith("Gru: the backward pass failed: ", thrown.Message, StringComparison.Ordinal);
        Assert.NotNull(thrown.InnerException);
        ExpectNone(leaf, net);
        net.ThrowIfFailed(); // it was thrown once
    }

    [Fact]
    public void Output_ChangedInPlace_LeavesTheGradientAsItIs()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var (x, cotangent) = (LayerCase.Random(7, 3, 5), LayerCase.Random(7, 3, 11));
        var expected = GradientOfX(change: false);
        Assert.NotEqual(0, expected.abs().max().item<double>());
        Expect.Close(expected, GradientOfX(change: true), 0, "with the output changed");

        Tensor GradientOfX(bool change)
        {
            var leaf = x.clone().requires_grad_();
            var output = net.call(leaf).Item1;
            var loss = output.mul(cotangent).sum();
            using (no_grad())
            {
                _ = change ? output.mul_(2) : output;
            }

            loss.backward();
            return leaf.grad!;
        }
    }

    [Fact]
    public void PlainBackward_ThenTheNextForward_Throws()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        var x = LayerCase.Random(7, 3, 5).requires_grad_();
        PlainBackward(net, x);
        ExpectNone(x, net);
        var thrown = Assert.Throws<BackwardFailedException>(() => net.call(x));
        Assert.Equal("planted", thrown.InnerException!.Message);
        net.HandWritten!.Plant(null);
        Gradient.Backward(net.call(x).Item1.sum());
    }

    [Fact]
    public void PlainBackward_ThenThrowIfFailed_ThrowsOnce()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        PlainBackward(net, LayerCase.Random(7, 3, 5));
        Assert.Throws<BackwardFailedException>(net.ThrowIfFailed);
        net.ThrowIfFailed();
    }

    [Fact]
    public void PlainBackward_ThenBackwardOfAnotherNet_Throws()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        using var other = new Gru(5, 11, dtype: ScalarType.Float64);
        PlainBackward(net, LayerCase.Random(7, 3, 5));
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
            PlainBackward(net, LayerCase.Random(7, 3, 5));
        }

        void Succeed()
        {
            using var scope = NewDisposeScope();
            using var other = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
            Gradient.Backward(other.call(LayerCase.Random(7, 3, 5)).Item1.sum());
        }
    }

    [Fact]
    public void FrozenParameters_InAFailure_StayFrozen()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        net.get_parameter("bias_hh_l0")!.requires_grad = false;
        PlainBackward(net, LayerCase.Random(7, 3, 5));
        Assert.Null(net.get_parameter("bias_hh_l0")!.grad);
        Assert.Null(net.get_parameter("weight_hh_l0")!.grad);
        Assert.Throws<BackwardFailedException>(net.ThrowIfFailed);
    }

    [Fact]
    public void AutogradGrad_OfAFailure_GivesNaNOfTheRightShapes()
    {
        using var scope = NewDisposeScope();
        using var net = Failing();
        Tensor[] leaves = [LayerCase.Random(7, 3, 5).requires_grad_(), .. net.parameters()];
        var gradients = autograd.grad([net.call(leaves[0]).Item1.sum()], leaves);
        Assert.All(gradients.Zip(leaves), item =>
        {
            Assert.Equal(item.Second.shape, item.First.shape);
            Assert.True(item.First.isnan().all().item<bool>());
        });
        Assert.Throws<BackwardFailedException>(net.ThrowIfFailed);
    }

    [Fact]
    public void WrongLosses_AreNamed()
    {
        using var scope = NewDisposeScope();
        Expect.Message<ArgumentException>("loss: expected one number, got shape [2, 3]; reduce it with sum() or mean().", () => Gradient.Backward(zeros(2, 3).requires_grad_()));
        Assert.StartsWith("loss: expected a loss that depends on", Assert.Throws<ArgumentException>(() => Gradient.Backward(zeros(1))).Message, StringComparison.Ordinal);
    }

    private static Gru Failing()
    {
        var net = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        net.HandWritten!.Plant((_, _) => throw new InvalidOperationException("planted"));
        return net;
    }

    // The engine refuses what the node returns: the optimizer never sees a gradient.
    private static void PlainBackward(Gru net, Tensor x)
    {
        var loss = net.call(x).Item1.sum();
        Assert.Throws<ExternalException>(() => loss.backward());
    }

    private static void ExpectNone(Tensor leaf, Gru net)
    {
        Assert.Null(leaf.grad);
        Assert.All(net.parameters(), parameter => Assert.Null(parameter.grad));
    }
}
