using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

public sealed class LyapunovTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(1.0)]
    [InlineData(1.5)]
    public void Exponents_OfALinearNetOver10000Steps_AreLnW(double w)
    {
        using var scope = NewDisposeScope();
        manual_seed(41);
        var normal = randn(6, 6, dtype: ScalarType.Float64);
        using var net = Linear(linalg.qr(normal).Q.mul(w));

        var measured = Measure(net, steps: 10_000);

        Assert.Equal((10_000, 6), (measured.Steps, measured.Exponents.Count));
        Assert.All(measured.Exponents, value => Assert.Equal(Math.Log(w), value, 1e-12));
        Assert.Equal(6 * Math.Log(w), measured.Sum!.Value, 1e-11);
    }

    [Fact]
    public void Exponents_OfADiagonalNet_AreTheLogarithms()
    {
        using var scope = NewDisposeScope();
        using var net = Linear(diag(tensor([0.5, -1.2, 0.9])));

        var measured = Measure(net, steps: 1_300, new LyapunovOptions { WarmUp = 300 });

        double[] expected = [Math.Log(1.2), Math.Log(0.9), Math.Log(0.5)];
        Assert.All(expected.Zip(measured.Exponents), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        Assert.Equal(2 + (Math.Log(1.2 * 0.9) / Math.Log(2)), measured.KaplanYorkeDimension!.Value, 1e-10);
        Assert.Equal((300, 1_000), (measured.WarmUp, measured.Steps));
    }

    [Fact]
    public void Exponents_OfANonNormalNet_TendToTheEigenvalues()
    {
        using var scope = NewDisposeScope();
        var w = Matrices.Make("ascending"); // triangular: its diagonal holds the eigenvalues
        using var net = Linear(w);

        var measured = Measure(net, steps: 2_500, new LyapunovOptions { WarmUp = 500 });

        var expected = w.diagonal().log().data<double>().ToArray().OrderDescending();
        Assert.All(expected.Zip(measured.Exponents), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }

    [Fact]
    public void Exponents_OfANilpotentNet_AreMinusInfinity()
    {
        using var scope = NewDisposeScope();
        manual_seed(42);
        using var net = Linear(randn(4, 4, dtype: ScalarType.Float64).triu(1));

        var measured = Measure(net, steps: 50);

        Assert.Equal(double.NegativeInfinity, measured.Exponents[^1]);
        Assert.True(measured.Exponents[0] < -1, $"expected no direction to last, got {measured.Exponents[0]}");
    }

    [Theory]
    [InlineData("tanh")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void Sum_IsTheMeanLogDeterminant(string cell)
    {
        using var scope = NewDisposeScope();
        manual_seed(43);
        using var net = JacobianNet.Make(cell, steps: 200, batch: 2);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        var measured = LyapunovExponents.Of(trajectory, new LyapunovOptions { Sequence = 1, WarmUp = 20 });

        var (_, logs) = linalg.slogdet(trajectory.Between(21, 200, 1)); // [180]
        Assert.Equal(logs.mean().item<double>(), measured.Sum!.Value, 1e-9);
        Assert.Equal(trajectory.StateSize, measured.Exponents.Count);
    }

    [Fact]
    public void Exponents_OfOneStep_DifferFromSingularValuesAndMeetThemInTheLimit()
    {
        using var scope = NewDisposeScope();
        manual_seed(44);
        using var net = JacobianNet.Make("tanh", steps: 3_000, batch: 1);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        double Distance(long steps)
        {
            using var part = JacobianTrajectory.Of(net.Module, net.Input.narrow(0, 0, steps), net.State);
            var values = part.Product(0).LogSingularValues();
            return values.Zip(LyapunovExponents.Of(part).Exponents, (value, exponent) => Math.Abs((value / steps) - exponent)).Max();
        }

        Assert.InRange(Distance(1), 0.05, 100);
        Assert.InRange(Distance(1_000), 0, 0.01);
    }

    [Fact]
    public void LargestExponent_OfATanhNet_IsBelowLnNorm()
    {
        using var scope = NewDisposeScope();
        manual_seed(45);
        using var net = JacobianNet.Make("tanh", steps: 500, batch: 1);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        var exponents = LyapunovExponents.Of(trajectory).Exponents;

        Assert.True(exponents[0] < PowerLaw.Of((VanillaRnnCell)trajectory.Cell).RateBound);
    }

    [Fact]
    public void Count_OfAFew_GivesTheLeadingOnes()
    {
        using var scope = NewDisposeScope();
        manual_seed(46);
        using var net = JacobianNet.Make("lstm", steps: 300, batch: 1);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);
        var options = new LyapunovOptions { WarmUp = 50, HistoryPoints = 10 };

        var all = LyapunovExponents.Of(trajectory, options);
        var few = LyapunovExponents.Of(trajectory, options with { Count = 3 });

        Assert.All(few.History[^1].Exponents.Zip(all.History[^1].Exponents), pair => Assert.Equal(pair.Second, pair.First, 1e-9));
        Assert.Null(few.Sum);
        Assert.Equal(10, few.History.Count);
        Assert.Equal([25L, 250L], [few.History[0].Steps, few.History[^1].Steps]);
        Assert.Equal(0, few.KaplanYorkeDimension);
    }

    [Fact]
    public void Exponents_OfAReluNetWithUnitsOff_AreMinusInfinity()
    {
        using var scope = NewDisposeScope();
        manual_seed(47);
        using var net = JacobianNet.Make("relu", steps: 60, batch: 1);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        var measured = LyapunovExponents.Of(trajectory);

        var fewest = trajectory.Between(1, 60).ne(0).any(2).sum(dim: 1).min().item<long>();
        Assert.InRange(fewest, 0, 6);
        Assert.True(measured.Exponents.Count(double.IsNegativeInfinity) >= 7 - fewest);
    }

    [Fact]
    public void Exponents_WhereTheStrongestDirectionEnds_KeepTheOther()
    {
        using var scope = NewDisposeScope();
        using var net = new VanillaRnn(2, 2, 1, Activation.Relu, bias: false, dtype: ScalarType.Float64);
        using (no_grad())
        {
            ((VanillaRnnCell)net.CellAt(0)).weight_ih.copy_(eye(2));
            ((VanillaRnnCell)net.CellAt(0)).weight_hh.copy_(diag(tensor([2.0, 0.5])));
        }

        var x = ones(60, 1, 2, dtype: ScalarType.Float64); // [T, B, I]
        x.narrow(0, 44, 1).narrow(2, 0, 1).fill_(-1e30); // the first unit, h = 2^44 or so, is off at step 45
        using var trajectory = JacobianTrajectory.Of(net, x);

        var measured = LyapunovExponents.Of(trajectory, new LyapunovOptions { WarmUp = 40 });

        Assert.Equal(Math.Log(0.5), measured.Exponents[0], 1e-12);
        Assert.Equal(double.NegativeInfinity, measured.Exponents[1]);
        double[] expected = [60 * Math.Log(0.5), double.NegativeInfinity];
        Assert.All(expected.Zip(trajectory.Product(0).LogSingularValues()), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
    }

    [Fact]
    public void Exponents_OfAnLstmOfZeroWeights_AreItsForgetGate()
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

        Initialisers.ForgetBias(2).Apply(net);
        using var trajectory = JacobianTrajectory.Of(net, zeros(100, 1, 3, dtype: ScalarType.Float64));

        var exponents = LyapunovExponents.Of(trajectory, new LyapunovOptions { WarmUp = 1 }).Exponents;

        var expected = -Math.Log(1 + Math.Exp(-2));
        Assert.All(exponents.Take(4), value => Assert.Equal(expected, value, 1e-12));
        Assert.All(exponents.Skip(4), value => Assert.Equal(double.NegativeInfinity, value));
    }

    [Fact]
    public void Measurement_LeavesNothingAlive()
    {
        using var scope = NewDisposeScope();
        using var net = JacobianNet.Make("gru", steps: 50);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);
        var before = Expect.LiveTensors;

        LyapunovExponents.Of(trajectory);
        PowerLaw.Of(eye(3));

        Assert.Equal(before + 1, Expect.LiveTensors); // eye
    }

    [Fact]
    public void WrongOptions_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var net = JacobianNet.Make("tanh");
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        Assert.StartsWith("Count: expected 1 to 7, got 8.", Assert.Throws<ArgumentOutOfRangeException>(() => LyapunovExponents.Of(trajectory, new LyapunovOptions { Count = 8 })).Message, StringComparison.Ordinal);
        Assert.StartsWith("WarmUp: expected 0 to 4, got 5.", Assert.Throws<ArgumentOutOfRangeException>(() => LyapunovExponents.Of(trajectory, new LyapunovOptions { WarmUp = 5 })).Message, StringComparison.Ordinal);
        Assert.StartsWith("Sequence: expected 0 to 2, got 3.", Assert.Throws<ArgumentOutOfRangeException>(() => LyapunovExponents.Of(trajectory, new LyapunovOptions { Sequence = 3 })).Message, StringComparison.Ordinal);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => LyapunovExponents.Of(trajectory, cancellation: cancelled.Token));
    }

    private static VanillaRnn Linear(Tensor w)
    {
        var net = new VanillaRnn(2, w.shape[0], 1, Activation.Linear, dtype: ScalarType.Float64);
        using var noTape = no_grad();
        foreach (var parameter in net.parameters())
        {
            parameter.zero_();
        }

        ((VanillaRnnCell)net.CellAt(0)).weight_hh.copy_(w);
        return net;
    }

    private static LyapunovExponents Measure(VanillaRnn net, long steps, LyapunovOptions? options = null)
    {
        using var trajectory = JacobianTrajectory.Of(net, zeros(steps, 1, 2, dtype: ScalarType.Float64));
        return LyapunovExponents.Of(trajectory, options);
    }
}
