using RnnZoo.Bptt;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>The gradients of every step, as a module shows them in an ordinary backward pass.</summary>
public sealed class StepGradientObserverTests
{
    [Fact]
    public void Observer_SeesWhatTheEquationsFind()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var x = LayerCase.Random(7, 3, 5);
        var cotangent = LayerCase.Random(7, 3, 22);
        var seen = new Dictionary<(int, int), (Tensor H, Tensor Future, Tensor C)>();
        net.StepGradientObserver = step =>
        {
            var (h, future, c) = (step.Gradients.H().clone(), step.Gradients.HFromFuture.clone(), step.Gradients.C().clone());
            foreach (var tensor in new[] { h, future, c })
            {
                tensor.MoveToOtherDisposeScope(scope);
            }

            seen.Add((step.Layer, step.Direction), (h, future, c));
        };
        Gradient.Backward(net.call(x).Item1.mul(cotangent).sum());

        var bptt = new NetworkBptt(net);
        var expected = bptt.Backward(bptt.Forward(x), cotangent).Steps;
        Assert.Equal(4, seen.Count);
        foreach (var step in expected)
        {
            var (h, future, c) = seen[(step.Layer, step.Direction)];
            Expect.Close(step.Gradients.H(), h, 1e-13, "h");
            Expect.Close(step.Gradients.HFromFuture, future, 1e-13, "future");
            Expect.Close(step.Gradients.C(), c, 1e-13, "c");
        }
    }

    [Fact]
    public void Observer_DoesNotChangeTheGradient()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var x = LayerCase.Random(7, 3, 5);
        Gradient.Backward(net.call(x).Item1.sum());
        var expected = net.get_parameter("weight_hh_l0")!.grad!.clone();
        net.zero_grad();
        net.StepGradientObserver = _ => { };
        Gradient.Backward(net.call(x).Item1.sum());
        Expect.Close(expected, net.get_parameter("weight_hh_l0")!.grad!, 1e-13, "gradient"); // kernels before, equations now
    }
}
