using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the peephole LSTM computes, its parameters, and how they begin.</summary>
public sealed class PeepholeLstmTests
{
    private const long B = 3;
    private const long I = 5;
    private const long H = 7;

    [Fact]
    public void Step_IsGravesLoop()
    {
        using var scope = NewDisposeScope();
        using var cell = new PeepholeLstmCell(I, H, dtype: ScalarType.Float64);
        Randomise(cell);
        var (x, h, c) = (Random(B, I), Random(B, H), Random(B, H));

        var (hNext, cNext) = cell.call(x, (h, c));

        var (expectedH, expectedC) = ByLoop(cell, x, h, c, tap: 1);
        Expect.Close(expectedH, hNext, 1e-14, "h");
        Expect.Close(expectedC, cNext, 1e-14, "c");
    }

    [Fact]
    public void TapOfC_StandsBeforeTheOutputGatesPeephole()
    {
        using var scope = NewDisposeScope();
        using var cell = new PeepholeLstmCell(I, H, dtype: ScalarType.Float64);
        Randomise(cell);
        var (x, h, c) = (Random(B, I), Random(B, H), Random(B, H));

        var (after, _) = cell.ForwardStep(cell.ProjectInput(x), new RecurrentState(h, c), cell.Weights(), tapped => tapped.mul(-3));

        var (expectedH, expectedC) = ByLoop(cell, x, h, c, tap: -3);
        Expect.Close(expectedH, after.Hidden, 1e-14, "h");
        Expect.Close(expectedC, after.Cell, 1e-14, "c");
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void WithoutPeepholes_ItIsTheLstm(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new PeepholeLstm(I, H, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64) { Backward = path };
        using var plain = new Lstm(I, H, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64) { Backward = BackwardPath.Native };
        using (no_grad())
        {
            foreach (var (name, parameter) in net.named_parameters())
            {
                parameter.copy_(plain.get_parameter(name) ?? zeros_like(parameter));
            }
        }

        var (x, cotangent) = (Random(11, B, I), Random(11, B, 2 * H));
        var (expected, actual) = (plain.call(x).Item1, net.call(x).Item1);
        Gradient.Backward(expected.mul(cotangent).sum());
        Gradient.Backward(actual.mul(cotangent).sum());

        Expect.Close(expected, actual, 1e-13, "output");
        Assert.All(plain.named_parameters(), item => Expect.Close(item.parameter.grad!, net.get_parameter(item.name)!.grad!, 1e-12, item.name));
        Assert.All(net.named_parameters().Where(item => item.name.StartsWith("weight_c", StringComparison.Ordinal)), item => Assert.True(item.parameter.grad!.abs().max().item<double>() > 0));
    }

    [Fact]
    public void Keys_AreThoseOfAnLstmAndThePeepholes()
    {
        using var net = new PeepholeLstm(I, H, numLayers: 2, bidirectional: true);
        using var plain = new Lstm(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        string[] own = [.. new[] { "_l0", "_l0_reverse", "_l1", "_l1_reverse" }.SelectMany(suffix => new[] { "weight_ci", "weight_cf", "weight_co" }.Select(name => name + suffix))];
        Assert.Equal(plain.state_dict().Keys.Concat(own).Order(), shapes.Keys.Order());
        Assert.All(plain.state_dict(), item => Assert.Equal(item.Value.shape, shapes[item.Key]));
        Assert.All(own, name => Assert.Equal([H], shapes[name]));

        using var noBias = new PeepholeLstm(I, H, bias: false);
        Assert.Equal(["weight_cf_l0", "weight_ci_l0", "weight_co_l0", "weight_hh_l0", "weight_ih_l0"], noBias.state_dict().Keys.Order());
        using var cell = new PeepholeLstmCell(I, H);
        Expect.Message<ArgumentException>("weight_co: expected shape [7], got [28].", () => cell.weight_co = new(zeros(28)));
    }

    [Fact]
    public void Parameters_BeginAsNnLstms_AtConstructionAndByTheDefaultInitialiser()
    {
        using var scope = NewDisposeScope();
        using var net = new PeepholeLstm(I, 397, dtype: ScalarType.Float64);
        AssertUniform();
        using (no_grad())
        {
            foreach (var parameter in net.parameters())
            {
                parameter.zero_();
            }
        }

        using var generator = new Generator(3);
        Initialisers.Default().Apply(net, generator);
        AssertUniform();

        void AssertUniform()
        {
            var bound = 1 / Math.Sqrt(397);
            Assert.All(net.parameters(), parameter => Assert.InRange(parameter.abs().max().item<double>(), 0.97 * bound, bound));
        }
    }

    [Fact]
    public void ChronoAndForgetBias_AreThoseOfAnLstm_AndLeaveThePeepholes()
    {
        using var scope = NewDisposeScope();
        using var net = new PeepholeLstm(I, 101, dtype: ScalarType.Float64);
        var before = net.get_parameter("weight_cf_l0")!.detach().clone();
        using var generator = new Generator(5);
        Initialisers.Chrono(30).Apply(net, generator);
        Expect.Close(Bias()[1].neg(), Bias()[0], 0, "b_i = -b_f");
        Assert.InRange(Bias()[1].min().item<double>(), 0, 0.4);
        Assert.InRange(Bias()[1].max().item<double>(), 3, Math.Log(29));
        Initialisers.ForgetBias(1.5).Then(Initialisers.Orthogonal()).Apply(net, generator);
        Expect.Close(full(101, 1.5, dtype: ScalarType.Float64), Bias()[1], 0, "b_f");
        Expect.Close(before, net.get_parameter("weight_cf_l0")!, 0, "weight_cf");

        Tensor[] Bias() => net.get_parameter("bias_ih_l0")!.add(net.get_parameter("bias_hh_l0")!).chunk(4, 0);
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void HugeNumbers_ShutOrOpenTheGates_AndEveryNumberIsFinite(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new PeepholeLstm(I, H) { Backward = path };
        foreach (var size in new[] { 1e3, 1e30 })
        {
            net.zero_grad();
            var x = randn(50, B, I).requires_grad_();
            var (h, c) = (randn(1, B, H), randn(1, B, H).mul(size).requires_grad_()); // by the peepholes a gate is 0 or 1
            var (output, _, final) = net.call(x, (h, c));
            Gradient.Backward(output.sum().add(final.div(size).sum()));
            Assert.All(net.parameters().Select(parameter => parameter.grad!).Append(x.grad!).Append(c.grad!).Append(output), value => Assert.True(value.isfinite().all().item<bool>()));
        }
    }

    /// <summary>i, f, c, o, h unit by unit; what reads c_t reads it times the tap.</summary>
    private static (Tensor H, Tensor C) ByLoop(PeepholeLstmCell cell, Tensor x, Tensor h, Tensor c, double tap)
    {
        double[] inputs = Numbers(x), hidden = Numbers(h), memory = Numbers(c);
        double[] weightX = Numbers(cell.weight_ih), weightH = Numbers(cell.weight_hh), bias = Numbers(cell.bias_ih!.add(cell.bias_hh!));
        double[] peepI = Numbers(cell.weight_ci), peepF = Numbers(cell.weight_cf), peepO = Numbers(cell.weight_co);
        var (afterH, afterC) = (new double[B * H], new double[B * H]);
        for (var row = 0; row < B; row++)
        {
            for (var unit = 0; unit < H; unit++)
            {
                var at = (row * H) + unit;
                var input = Sigmoid(Sum(row, 0, unit) + (peepI[unit] * memory[at]));
                var forget = Sigmoid(Sum(row, 1, unit) + (peepF[unit] * memory[at]));
                afterC[at] = tap * ((forget * memory[at]) + (input * Math.Tanh(Sum(row, 2, unit))));
                afterH[at] = Sigmoid(Sum(row, 3, unit) + (peepO[unit] * afterC[at])) * Math.Tanh(afterC[at]);
            }
        }

        return (tensor(afterH).view(B, H), tensor(afterC).view(B, H));

        double Sum(int row, int gate, int unit)
        {
            var line = (gate * H) + unit;
            var sum = bias[line];
            for (var k = 0; k < I; k++)
            {
                sum += weightX[(line * I) + k] * inputs[(row * I) + k];
            }

            for (var k = 0; k < H; k++)
            {
                sum += weightH[(line * H) + k] * hidden[(row * H) + k];
            }

            return sum;
        }
    }

    private static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));

    private static double[] Numbers(Tensor value) => value.contiguous().data<double>().ToArray();

    private static void Randomise(nn.Module module)
    {
        using var noTape = no_grad();
        foreach (var parameter in module.parameters())
        {
            parameter.uniform_(-1, 1);
        }
    }

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
}
