using System.Runtime.InteropServices;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace SystemTorch.Tests.Core;

/// <summary>Functions with a backward in C#.</summary>
public partial class FunctionTests
{
    [Fact]
    public void Backward_OfAManagedFunction_IsUsed()
    {
        using var scope = NewDisposeScope();
        var x = randn([3, 5], float64, requires_grad: true);
        var cotangent = randn([3, 5], float64);
        Assert.True(is_grad_enabled());
        var y = Cube.apply(x, "power", 3);
        Assert.True(y.requires_grad);
        y.backward([cotangent]);
        Assert.True((3 * x * x * cotangent).allclose(x.grad!, 1e-12));
    }

    [Fact]
    public void Forward_RunsWithoutATape()
    {
        using var scope = NewDisposeScope();
        var modes = new List<bool>();
        Observed.Forwards = modes;
        Observed.apply(ones([2], requires_grad: true));
        Assert.Equal([false], modes);
        Assert.True(is_grad_enabled());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GradMode_InBackward_IsOnExactlyUnderCreateGraph(bool createGraph)
    {
        using var scope = NewDisposeScope();
        var modes = new List<bool>();
        Observed.Backwards = modes;
        var x = ones([2], requires_grad: true);
        grad([Observed.apply(x).sum()], [x], retain_graph: createGraph, create_graph: createGraph);
        Assert.Equal([createGraph], modes);
    }

    [Fact]
    public void CreateGraph_ThroughAManagedBackward_GivesSecondDerivatives()
    {
        using var scope = NewDisposeScope();
        var x = randn([7], float64, requires_grad: true);
        var cotangent = randn([7], float64);
        var first = grad([Cube.apply(x, "", 3)], [x], [ones_like(x)], retain_graph: true, create_graph: true)[0];
        var second = grad([first], [x], [cotangent])[0];
        Assert.True((6 * x * cotangent).allclose(second, 1e-12));
    }

    [Fact]
    public void ExceptionInBackward_ComesOutOfBackwardAndGrad()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var error = Assert.Throws<ExternalException>(() => Throwing.apply(x).sum().backward());
        Assert.Contains("the reason is 42", error.Message);
        Assert.Contains("Throwing", error.Message);
        Assert.IsType<InvalidTimeZoneException>(error.InnerException);
        error = Assert.Throws<ExternalException>(() => grad([Throwing.apply(x).sum()], [x]));
        Assert.Contains("the reason is 42", error.Message);
        x.mul(2).sum().backward();
        Assert.Equal(4, x.grad!.sum().item<float>());
    }

    [Fact]
    public void ExceptionInForward_ComesOutOfApplyAsItIs()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<InvalidTimeZoneException>(() => Throwing.apply(ones([2], requires_grad: true), "forward"));
        Assert.True(is_grad_enabled());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void WrongCountOfGradients_Throws(int count)
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var error = Assert.Throws<ExternalException>(() => Counted.apply(x, count).sum().backward());
        Assert.Contains($"returned {count} gradients, expected 2", error.Message);
    }

    [Fact]
    public void GradientOfTheWrongShape_ThrowsInBackwardAndGrad()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var error = Assert.Throws<ExternalException>(() => Misshapen.apply(x).sum().backward());
        Assert.Contains("[5]", error.Message);
        Assert.Throws<ExternalException>(() => grad([Misshapen.apply(x).sum()], [x]));
    }

    [Fact]
    public void DisposedGradient_ThrowsInsteadOfCountingAsZero()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        Assert.Throws<ExternalException>(() => Disposing.apply(x).sum().backward());
    }

    [Fact]
    public void NullGradient_OfATensor_LeavesItWithoutOne()
    {
        using var scope = NewDisposeScope();
        var x = ones([2], requires_grad: true);
        var y = ones([2], requires_grad: true);
        FirstOnly.apply(x, y).sum().backward();
        Assert.Equal(2, x.grad!.sum().item<float>());
        Assert.Null(y.grad);
    }

    [Fact]
    public void SavedTensor_ChangedInPlace_IsFoundInBackward()
    {
        using var scope = NewDisposeScope();
        var x = randn([3], requires_grad: true);
        var factor = ones(3);
        var y = Scaled.apply(x, factor);
        factor.add_(1);
        var error = Assert.Throws<ExternalException>(() => y.sum().backward());
        Assert.Contains("inplace operation", error.Message);
    }

    [Fact]
    public void SecondBackward_ThroughAFreedGraph_Throws()
    {
        using var scope = NewDisposeScope();
        var x = randn([3], requires_grad: true);
        var y = Scaled.apply(x, ones(3)).sum();
        y.backward(retain_graph: true);
        y.backward();
        Assert.Throws<ExternalException>(() => y.backward());
        Assert.Equal(6, x.grad!.sum().item<float>());
    }

    [Fact]
    public void UnusedOutput_GetsZerosOrAnInvalidTensor()
    {
        using var scope = NewDisposeScope();
        foreach (var materialize in new[] { true, false })
        {
            var x = ones([2], requires_grad: true);
            var outputs = Pair.apply(x, materialize);
            outputs[0].sum().backward();
            Assert.Equal(materialize ? "valid" : "invalid", Pair.Seen);
            Assert.Equal(2, x.grad!.sum().item<float>());
        }
    }

    [Fact]
    public void NonDifferentiableOutput_RequiresNoGrad()
    {
        using var scope = NewDisposeScope();
        var outputs = WithIndex.apply(randn([5], requires_grad: true));
        Assert.True(outputs[0].requires_grad);
        Assert.False(outputs[1].requires_grad);
    }

    [Fact]
    public void DirtyInput_IsReturnedAndItsVersionIsBumped()
    {
        using var scope = NewDisposeScope();
        var x = ones([3], requires_grad: true);
        var middle = x * 2;
        var saved = middle.exp();
        var doubled = DoubleInPlace.apply(saved);
        Assert.Equal(2 * Math.Exp(2), doubled[0].item<float>(), 1e-4);
        var error = Assert.Throws<ExternalException>(() => doubled.sum().backward());
        Assert.Contains("inplace operation", error.Message);
    }

    [Fact]
    public void NoInputRequiresGrad_MakesNoNode()
    {
        using var scope = NewDisposeScope();
        Assert.False(Twice.apply(ones(3)).requires_grad);
        using (no_grad())
        {
            Assert.False(Twice.apply(ones([3], requires_grad: true)).requires_grad);
        }
    }

    [Fact]
    public void Context_LivesAndDiesWithTheGraph()
    {
        static WeakReference Run()
        {
            using var scope = NewDisposeScope();
            Kept.Last = null;
            Kept.apply(ones([2], requires_grad: true)).sum().backward();
            var reference = Kept.Last!;
            return reference;
        }
        var context = Run();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(context.IsAlive);
    }
}
