using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Backpropagated gradients against what the weights alone predict.</summary>
public sealed class PowerLawTests
{
    public static TheoryData<double, BackwardPath> Scales()
    {
        var data = new TheoryData<double, BackwardPath>();
        foreach (var w in (double[])[0.5, 0.9, 1, 1.1])
        {
            data.Add(w, BackwardPath.Autograd);
            data.Add(w, BackwardPath.HandWritten);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scales))]
    public void Slope_OfBackpropagatedNorms_OfALinearNet_IsLnW(double w, BackwardPath path)
    {
        const int Steps = 101;
        using var scope = NewDisposeScope();
        manual_seed(51);
        using var net = new VanillaRnn(5, 13, 1, Activation.Linear, dtype: ScalarType.Float64);
        Initialisers.Orthogonal(w).Apply(net);
        var x = randn(Steps, 3, 5, dtype: ScalarType.Float64);
        var dLast = randn(1, 3, 13, dtype: ScalarType.Float64); // ∂L/∂h_T

        var logNorms = path == BackwardPath.HandWritten ? HandWritten(net, x, dLast) : ByAutograd(net, x, dLast);

        double[] distances = [.. Enumerable.Range(0, Steps).Select(t => (double)(Steps - 1 - t))];
        var law = PowerLaw.Of((VanillaRnnCell)net.CellAt(0));
        Assert.Equal(Math.Log(w), (logNorms[0] - logNorms[^1]) / (Steps - 1), 1e-12);
        Assert.All(distances.Zip(logNorms), pair =>
            Assert.Equal(logNorms[^1] + PowerLaw.ScalarLaw(w, (int)pair.First), pair.Second, 1e-9));
        Assert.Equal(law.SpectralNorm, law.SpectralRadius, 1e-11); // W is normal
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void CellGradient_ThroughAnOpenForgetGate_IsCarriedOver1000Steps(BackwardPath path)
    {
        const int Steps = 1_000;
        using var scope = NewDisposeScope();
        manual_seed(52);
        using var net = new Lstm(3, 7, dtype: ScalarType.Float64) { Backward = path };
        using (no_grad())
        {
            foreach (var parameter in net.parameters())
            {
                parameter.zero_();
            }
        }

        Initialisers.ForgetBias(25).Apply(net);
        var h0 = randn(1, 2, 7, dtype: ScalarType.Float64);
        var c0 = randn(1, 2, 7, dtype: ScalarType.Float64).requires_grad_();
        var cotangent = randn(1, 2, 7, dtype: ScalarType.Float64); // ∂L/∂c_T

        var (_, _, c) = net.call(randn(Steps, 2, 3, dtype: ScalarType.Float64), (h0, c0));
        Gradient.Backward(c.mul(cotangent).sum());

        var factor = Math.Exp(-Steps * double.LogP1(Math.Exp(-25))); // σ(25)^1000
        var ratio = c0.grad!.div(cotangent); // [1, 2, 7]
        Assert.InRange(ratio.div(factor).sub(1).abs().max().item<double>(), 0, 1e-12);
        Assert.InRange(ratio.sub(1).abs().max().item<double>(), 0, 1e-6);
    }

    [Fact]
    public void JacobianProduct_ThroughAnOpenForgetGate_IsTheSameNumber()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(3, 4, dtype: ScalarType.Float64);
        using (no_grad())
        {
            foreach (var parameter in net.parameters())
            {
                parameter.zero_();
            }
        }

        Initialisers.ForgetBias(25).Apply(net);
        using var trajectory = JacobianTrajectory.Of(net, zeros(1_000, 1, 3, dtype: ScalarType.Float64));

        var logs = trajectory.Product(0).LogSingularValues();

        // ∂c_T/∂c_0 = σ(25)^1000, and ∂h_T/∂c_0 is half of it, for o = ½ and tanh'(0) = 1.
        var factor = (-1_000 * double.LogP1(Math.Exp(-25))) + (Math.Log(1.25) / 2);
        Assert.All(logs.Take(4), log => Assert.Equal(factor, log, 1e-12));
        Assert.All(logs.Skip(4), log => Assert.Equal(double.NegativeInfinity, log));
    }

    [Fact]
    public void Bound_HoldsForTanhAndReluNets()
    {
        using var scope = NewDisposeScope();
        manual_seed(53);
        foreach (var cell in (string[])["tanh", "relu"])
        {
            using var net = JacobianNet.Make(cell, steps: 30);
            using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);
            var law = PowerLaw.Of((VanillaRnnCell)trajectory.Cell);
            for (var from = 0; from < 30; from += 7)
            {
                Assert.True(trajectory.Product(from).LogNorm() <= PowerLaw.ScalarLaw(law.SpectralNorm, 30 - from) + 1e-9);
            }
        }
    }

    [Fact]
    public void Numbers_OfANonNormalMatrix_AreNormAndRadius()
    {
        using var scope = NewDisposeScope();
        var law = PowerLaw.Of(tensor(new[] { 0.5, 3, 0, 0.25 }, [2, 2]));

        Assert.Equal(0.5, law.SpectralRadius, 1e-14);
        Assert.Equal(linalg.svdvals(tensor(new[] { 0.5, 3, 0, 0.25 }, [2, 2]))[0].item<double>(), law.SpectralNorm, 1e-14);
        Assert.Equal(Math.Log(law.SpectralNorm), law.RateBound);
        Assert.Equal(0, PowerLaw.ScalarLaw(0, 0));
        Assert.Equal(double.NegativeInfinity, PowerLaw.ScalarLaw(0, 3));
        Assert.Equal(3 * Math.Log(2), PowerLaw.ScalarLaw(-2, 3), 1e-14);
        Assert.Throws<ArgumentOutOfRangeException>(() => PowerLaw.ScalarLaw(0.5, -1));
        Expect.Message<ArgumentException>("weight: expected [H, H], got [2, 3].", () => PowerLaw.Of(zeros(2, 3)));
    }

    private static double[] HandWritten(VanillaRnn net, Tensor x, Tensor dLast)
    {
        var bptt = new NetworkBptt(net);
        var gradients = bptt.Backward(bptt.Forward(x), null, new RecurrentState(dLast));
        return LogNorms(gradients.Steps[0].H());
    }

    /// <summary>∂L/∂h_t by the tape, from the cell unrolled by hand.</summary>
    private static double[] ByAutograd(VanillaRnn net, Tensor x, Tensor dLast)
    {
        var states = new List<Tensor>();
        var h = zeros(3, 13, dtype: ScalarType.Float64);
        for (var t = 0; t < x.shape[0]; t++)
        {
            h = net.CellAt(0).Step(x[t], new RecurrentState(h)).Hidden; // [B, H]
            h.retain_grad();
            states.Add(h);
        }

        h.mul(dLast[0]).sum().backward();
        return LogNorms(stack(states.Select(state => state.grad!), 0));
    }

    private static double[] LogNorms(Tensor gradients) =>
        gradients.square().sum(dim: 2).sum(dim: 1).sqrt().log().data<double>().ToArray(); // [T]
}
