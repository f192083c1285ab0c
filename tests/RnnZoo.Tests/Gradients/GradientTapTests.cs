using System.Runtime.InteropServices;
using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Taps pass values on, show gradients, and keep what callbacks throw.</summary>
public sealed class GradientTapTests
{
    [Fact]
    public void Tap_PassesTheValueAndShowsTheGradient()
    {
        using var scope = NewDisposeScope();
        Tensor? seen = null;
        using var tap = new GradientTap(gradient => { seen = gradient.clone().DetachFromDisposeScope(); });
        var x = Random(3, 5).requires_grad_();
        var cotangent = Random(3, 5);
        var y = tap.call(x.mul(2));
        Expect.Close(x.mul(2), y, 0, "value");
        Gradient.Backward(y.mul(cotangent).sum());
        Expect.Close(cotangent, seen!, 0, "seen");
        Expect.Close(cotangent.mul(2), x.grad!, 0, "gradient");
        seen!.Dispose();
    }

    [Fact]
    public void OneTap_OnManyTensors_IsCalledForEach_FromLastToFirst()
    {
        using var scope = NewDisposeScope();
        var norms = new List<double>();
        using var tap = new GradientTap(gradient => norms.Add(gradient.ToDouble()));
        var x = ones(1, dtype: ScalarType.Float64).requires_grad_();
        var y = x;
        for (var step = 0; step < 5; step++)
        {
            y = tap.call(y.mul(3));
        }

        Gradient.Backward(y.sum());
        Assert.Equal([1.0, 3, 9, 27, 81], norms);
        Assert.Equal(243, x.grad!.ToDouble());
    }

    [Fact]
    public void Tap_StandsInASequential()
    {
        using var scope = NewDisposeScope();
        var shapes = new List<string>();
        GradientTap Tap(string name) => new(gradient => shapes.Add($"{name} {string.Join('x', gradient.shape)}"), name);
        using var model = nn.Sequential(("a", nn.Linear(5, 7)), ("tapA", Tap("hidden")), ("b", nn.Linear(7, 2)), ("tapB", Tap("output")));
        Gradient.Backward(model.call(randn(3, 5)).sum());
        Assert.Equal(["output 3x2", "hidden 3x7"], shapes);
        Assert.Equal(["a.weight", "a.bias", "b.weight", "b.bias"], model.state_dict().Keys);
    }

    [Fact]
    public void Tap_InAUsersModule_AddsNoParameterAndNoBuffer()
    {
        using var scope = NewDisposeScope();
        using var model = new TappedNet();
        Gradient.Backward(model.call(randn(3, 5)).square().sum());
        Assert.Equal([3L, 4L], model.Shape);
        Assert.Equal(["inner.weight", "inner.bias"], model.state_dict().Keys);
    }

    [Fact]
    public void CreateGraph_ThroughTaps_GivesTheSecondDerivative()
    {
        using var scope = NewDisposeScope();
        var calls = 0;
        using var tap = new GradientTap(_ => { calls++; });
        var x = Random(3, 5).requires_grad_();
        var y = tap.call(tap.call(x).pow(3)).sum();
        var first = autograd.grad([y], [x], retain_graph: true, create_graph: true)[0];
        Expect.Close(x.detach().square().mul(3), first, 1e-14, "first");
        Assert.Equal(2, calls);
        var second = autograd.grad([first.sum()], [x])[0];
        Expect.Close(x.detach().mul(6), second, 1e-14, "second");
    }

    [Fact]
    public void Callback_RunsWithoutATape_AlsoUnderCreateGraph()
    {
        using var scope = NewDisposeScope();
        var taped = new List<bool>();
        using var tap = new GradientTap(gradient => taped.Add(is_grad_enabled() || gradient.requires_grad || gradient.mul(2).requires_grad));
        var x = Random(3).requires_grad_();
        Gradient.Backward(tap.call(x).square().sum(), createGraph: true);
        Assert.Equal([false], taped);
        Assert.True(is_grad_enabled());
    }

    [Fact]
    public void WithoutNeed_NobodyIsCalled()
    {
        using var scope = NewDisposeScope();
        using var tap = new GradientTap(_ => Assert.Fail("called"));
        var x = Random(3).requires_grad_();
        using (no_grad())
        {
            Assert.False(tap.call(x).requires_grad);
        }

        Assert.False(tap.call(Random(3)).requires_grad);
        tap.Enabled = false;
        Gradient.Backward(tap.call(x).sum());
        Assert.NotSame(x, tap.call(x)); // a Sequential disposes what a module was given
    }

    [Fact]
    public void Exception_LeavesNoGradient_AndIsThrownByBackward()
    {
        using var scope = NewDisposeScope();
        using var tap = Failing();
        var x = Random(3, 5).requires_grad_();
        var thrown = Assert.Throws<BackwardFailedException>(() => Gradient.Backward(tap.call(x).sum()));
        Assert.Equal("mine: the backward pass failed: planted", thrown.Message);
        Assert.Null(x.grad);
        tap.ThrowIfFailed(); // it was thrown once
    }

    [Fact]
    public void Exception_AfterAPlainBackward_IsThrownByTheNextCall()
    {
        using var scope = NewDisposeScope();
        using var tap = Failing();
        var x = Random(3).requires_grad_();
        Assert.Throws<ExternalException>(() => tap.call(x).sum().backward());
        Assert.Equal("planted", Assert.Throws<BackwardFailedException>(() => tap.call(x)).InnerException!.Message);
        Assert.Throws<ExternalException>(() => tap.call(x).sum().backward());
        Assert.Throws<BackwardFailedException>(tap.ThrowIfFailed);
    }

    [Fact]
    public void Exception_OfATapThatNobodyHolds_IsThrownAllTheSame()
    {
        using var scope = NewDisposeScope();
        var loss = Tapped();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Throws<BackwardFailedException>(() => Gradient.Backward(loss));

        static Tensor Tapped() => Failing().call(Random(3).requires_grad_()).sum();
    }

    [Fact]
    public void Taps_LeaveNoTensorsBehind()
    {
        using var tap = new GradientTap(gradient => { gradient.mul(2).square().sum().ToDouble(); });
        var live = 0L;
        for (var step = 0; step < 4; step++)
        {
            live = step == 1 ? Expect.LiveTensors : live;
            using var scope = NewDisposeScope();
            var x = Random(3).requires_grad_();
            var y = tap.call(tap.call(x).mul(2)).sum();
            var before = Expect.LiveTensors;
            y.backward();
            Assert.InRange(Expect.LiveTensors - before, 0, 3); // x's gradient, and what each of two taps passed on
        }

        Assert.Equal(live, Expect.LiveTensors);
    }

    private static GradientTap Failing() => new(_ => throw new InvalidOperationException("planted"), "mine");

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);

    private sealed class TappedNet : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> inner;
        private readonly GradientTap tap;

        public TappedNet() : base(nameof(TappedNet))
        {
            inner = nn.Linear(5, 4);
            tap = new GradientTap(gradient => { Shape = gradient.shape; });
            RegisterComponents();
        }

        public long[] Shape { get; private set; } = [];

        public override Tensor forward(Tensor input) => tap.call(inner.call(input));
    }
}
