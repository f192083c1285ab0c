using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Verification;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The independently recurrent net as a module.</summary>
public sealed class IndRnnTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Step_IsTheEquation(bool bias)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var cell = new IndRnnCell(5, 11, bias: bias, dtype: ScalarType.Float64);
        var (x, h) = (randn(3, 5, dtype: ScalarType.Float64), randn(3, 11, dtype: ScalarType.Float64));
        var z = x.mm(cell.weight_ih.t()).add(cell.weight_hh.mul(h));
        z = bias ? z.add(cell.bias_ih!) : z;
        Expect.Close(z.clamp_min(0), cell.call(x, h), 1e-13, "h");
    }

    [Fact]
    public void Keys_AreThoseOfTheCellWithLayerAndDirection()
    {
        using var net = new IndRnn(5, 11, numLayers: 2, bidirectional: true);
        string[] names = ["weight_ih", "weight_hh", "bias_ih"];
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        Assert.Equal(suffixes.SelectMany(suffix => names.Select(name => name + suffix)).Order(), net.state_dict().Keys.Order());
        Assert.Equal([11L], net.get_parameter("weight_hh_l1")!.shape);
        Assert.True(net.Supports(BackwardPath.HandWritten));
        Assert.False(net.Supports(BackwardPath.Native));
    }

    [Theory]
    [InlineData(1, 1, 1, 1, true)]
    [InlineData(13, 2, 3, 2, false)]
    public void AnySize_IsVerified(long steps, long batch, long hidden, long layers, bool bias)
    {
        using var net = new IndRnn(5, hidden, layers, recurrentBound: 0.9, bias: bias, batchFirst: true, bidirectional: layers > 1, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net, new GradientCheckOptions { Steps = steps, Batch = batch });
        Assert.True(report.Passed, report.ToJson());
    }

    [Theory]
    [InlineData(BackwardPath.Autograd, ScalarType.Float32)]
    [InlineData(BackwardPath.HandWritten, ScalarType.Float64)]
    public void Bound_HoldsAfterEveryStep_AndLetsGoAgain(BackwardPath path, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var bound = Math.Pow(2, 1.0 / 7);
        using var net = new IndRnn(5, 11, numLayers: 2, recurrentBound: bound, dtype: dtype) { Backward = path };
        using var optimizer = optim.SGD(net.parameters(), 0.5);
        var cell = (IndRnnCell)net.CellAt(1);
        foreach (var (direction, expected) in new[] { (-1, bound), (1, -bound) })
        {
            for (var step = 0; step < 20; step++)
            {
                optimizer.zero_grad();
                Gradient.Backward(net.call(ones(7, 3, 5, dtype: dtype)).Item1.sum().mul(0).add(cell.Further[0].sum().mul(direction)));
                optimizer.step();
            }

            net.call(ones(7, 3, 5, dtype: dtype));
            Expect.Close(full(11, expected, dtype: dtype), cell.weight_hh, 1e-6, "u");
            Assert.True(cell.weight_hh.abs().max().ToDouble() <= (dtype == ScalarType.Float32 ? (float)bound : bound));
        }
    }

    [Fact]
    public void Evaluation_ReadsWithinTheBound_AndChangesNoParameter()
    {
        using var scope = NewDisposeScope();
        using var net = new IndRnn(5, 11, recurrentBound: 0.5, dtype: ScalarType.Float64);
        using var free = new IndRnn(5, 11, dtype: ScalarType.Float64);
        net.eval();
        using var noTape = no_grad();
        net.get_parameter("weight_hh_l0")!.fill_(2);
        free.load_state_dict(net.state_dict());
        free.get_parameter("weight_hh_l0")!.fill_(0.5);
        var x = randn(7, 3, 5, dtype: ScalarType.Float64);
        Expect.Close(free.call(x).Item1, net.call(x).Item1, 1e-14, "output");
        Assert.Equal(2, net.get_parameter("weight_hh_l0")!.min().ToDouble());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void Bound_ThatIsNoNumberAboveZero_IsRefused(double bound) => Expect.Message<ArgumentException>(
        $"recurrentBound: expected a number above 0, or null for no bound, got {bound}.", () => new IndRnn(5, 11, recurrentBound: bound));
}
