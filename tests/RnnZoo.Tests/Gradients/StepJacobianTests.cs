using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>J_t by its equations against autograd, through the modules' own forward pass.</summary>
public sealed class StepJacobianTests
{
    private const double Tolerance = 1e-10;

    public static TheoryData<string> Nets() => [.. TestNets.Names];

    public static TheoryData<string, bool> Cells()
    {
        var data = new TheoryData<string, bool>();
        foreach (var name in JacobianNet.Names)
        {
            data.Add(name, true);
            data.Add(name, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void At_EveryStepOfABatch_MatchesAutograd(string cell, bool bias)
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        using var net = JacobianNet.Make(cell, bias: bias);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        Assert.Equal((5, 3, net.Module.StateSizes.Sum()), (trajectory.Steps, trajectory.Batch, trajectory.StateSize));
        for (var t = 1; t <= 5; t++)
        {
            var expected = net.ByAutograd(from: t - 1, to: t); // [B, S, S]
            Expect.Close(expected, trajectory.At(t), Tolerance, $"{cell}, step {t}");
            for (var sequence = 0; sequence < 3; sequence++)
            {
                Expect.Close(expected[sequence], trajectory.At(t, sequence), Tolerance, $"{cell}, step {t}, sequence {sequence}");
            }
        }

        var some = stack([trajectory.At(2, 1), trajectory.At(3, 1), trajectory.At(4, 1)], 0); // [3, S, S]
        Expect.Close(some, trajectory.Between(2, 4, 1), 1e-14, cell);
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void At_UpperLayerAndBackwardDirection_MatchesAutograd(string cell)
    {
        using var scope = NewDisposeScope();
        manual_seed(12);
        using var net = JacobianNet.Make(cell, layers: 2, bidirectional: true, batchFirst: true);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State, layer: 1, direction: 1);
        using var lower = JacobianNet.Make(cell, layers: 1, bidirectional: true, batchFirst: true);
        ((nn.Module)lower.Module).load_state_dict(((nn.Module)net.Module).state_dict(), strict: false);
        var below = lower.Module.Run(net.Input, net.State.Map(part => part.narrow(0, 0, 2))).Output; // [B, T, 2H]

        var upper = net.Module.CellAt(1, 1);
        var state = net.State.Map(part => part[3]); // [B, H]
        for (var t = 1; t <= 5; t++)
        {
            var x = below.select(1, 5 - t); // [B, 2H]
            Expect.Close(JacobianNet.ByAutograd(upper, x, state), trajectory.At(t), Tolerance, $"{cell}, step {t}");
            state = upper.Step(x, state);
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void AutogradJacobian_OfEveryCell_EqualsTheEquations(string cell, bool bias)
    {
        using var scope = NewDisposeScope();
        manual_seed(13);
        using var net = JacobianNet.Make(cell, bias: bias);
        var before = net.State.Map(part => part[0]); // [B, H]

        var byAutograd = StepJacobian.ByAutograd(net.Module.CellAt(0)).At(net.Input[0], before);

        Expect.Close(byAutograd, StepJacobian.For(net.Module.CellAt(0)).At(net.Input[0], before), Tolerance, cell);
        Assert.False(byAutograd.requires_grad);
    }

    [Fact]
    public void For_AUsersOwnCell_TakesAutograd()
    {
        using var scope = NewDisposeScope();
        manual_seed(14);
        using var net = new Recurrent(5, (_, _, size) => new LeakyCell(size, 7));
        var x = randn(3, 2, 5, dtype: ScalarType.Float64);
        using var trajectory = JacobianTrajectory.Of(net, x);
        var before = net.Run(x.narrow(0, 0, 1)).State.Map(part => part[0]); // [B, S_part]

        Expect.Close(StepJacobian.ByAutograd(net.CellAt(0)).At(x[1], before), StepJacobian.For(net.CellAt(0)).At(x[1], before), 0, "leaky");
        Assert.Equal(9, trajectory.StateSize);
        Expect.Close(JacobianNet.ByAutograd(net.CellAt(0), x[1], before), trajectory.At(2), Tolerance, "leaky");
    }

    [Fact]
    public void At_InFloat32_IsFloat32()
    {
        using var scope = NewDisposeScope();
        manual_seed(15);
        using var net = new Gru(5, 7);
        using var trajectory = JacobianTrajectory.Of(net, randn(3, 2, 5));

        Assert.Equal(ScalarType.Float32, trajectory.At(3).dtype);
    }

    [Theory]
    [InlineData("lstm")]
    [InlineData("relu")]
    [InlineData("gru")]
    [InlineData("layernorm-lstm")]
    [InlineData("mingru")]
    public void Trajectory_LeavesOnlyItsResults(string cell)
    {
        var before = Expect.LiveTensors;
        using (NewDisposeScope())
        {
            manual_seed(16);
            using var net = JacobianNet.Make(cell, layers: 2);
            var inside = Expect.LiveTensors;
            using (var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State, layer: 1))
            {
                inside += 1 + net.State.Count;
                Assert.Equal(inside, Expect.LiveTensors);
                trajectory.At(2);
                Assert.Equal(inside + 1, Expect.LiveTensors);
                trajectory.Product(1).LogSingularValues();
                Assert.Equal(inside + 1, Expect.LiveTensors);
            }

            Assert.Equal(inside - net.State.Count, Expect.LiveTensors);
        }

        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var net = JacobianNet.Make("tanh");
        var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        OutOfRange("step: expected 1 to 5, got 0.", () => trajectory.At(0));
        OutOfRange("step: expected 1 to 5, got 6.", () => trajectory.At(6, 1));
        OutOfRange("last: expected 3 to 5, got 2.", () => trajectory.Between(3, 2));
        OutOfRange("sequence: expected 0 to 2, got 3.", () => trajectory.At(1, 3));
        OutOfRange("from: expected 0 to 3, got 4.", () => trajectory.Product(4, 4));
        OutOfRange("to: expected 1 to 5, got 9.", () => trajectory.Product(0, 9));
        Assert.Throws<ArgumentException>(() => JacobianTrajectory.Of(net.Module, net.Input, layer: 1));
        Expect.Message<ArgumentException>("input: expected [T, B, I] with I = 5, got [5, 3, 4].", () => JacobianTrajectory.Of(net.Module, net.Input.narrow(2, 0, 4)));
        Expect.Message<ArgumentException>("input: expected at least one sequence, got [5, 0, 5].", () => JacobianTrajectory.Of(net.Module, net.Input.narrow(1, 0, 0)));
        Expect.Message<ArgumentException>("x: expected [B, I] with I = 5, got [3, 4].", () => StepJacobian.For(net.Module.CellAt(0)).At(zeros(3, 4, dtype: ScalarType.Float64), net.State));
        trajectory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => trajectory.At(1));
    }

    private static void OutOfRange(string expected, Action action) =>
        Assert.StartsWith(expected, Assert.Throws<ArgumentOutOfRangeException>(action).Message, StringComparison.Ordinal);
}
