using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Verification;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the JANET computes, its parameters, and how they begin.</summary>
public sealed class JanetTests
{
    private const long B = 3;
    private const long I = 5;
    private const long H = 7;

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(-2.5)]
    public void Step_IsTheAuthorsLoop(double beta)
    {
        using var scope = NewDisposeScope();
        using var cell = new JanetCell(I, H, beta, dtype: ScalarType.Float64);
        Randomise(cell);
        var (x, h) = (Random(B, I), Random(B, H));

        Expect.Close(tensor(ByLoop(cell, beta, x, h)).view(B, H), cell.call(x, h), 1e-14, "h");
    }

    [Fact]
    public void OtherBeta_IsVerified_Cloned_AndStepped()
    {
        using var scope = NewDisposeScope();
        using var net = new Janet(I, H, numLayers: 2, beta: -0.75, dtype: ScalarType.Float64);
        Assert.True(GradientCheck.Run(net).Passed);
        var x = Random(11, B, I);
        var (output, _) = net.call(x);
        using var copy = net.Clone();
        Assert.Equal((-0.75, -0.75), (copy.Beta, ((JanetCell)copy.CellAt(1)).Beta));
        Expect.Close(output, copy.call(x).Item1, 0, "the clone's output");

        copy.to(ScalarType.Float32);
        var stepper = copy.Stepper((int)B);
        Expect.Close(output.to(ScalarType.Float32), stack([.. x.to(ScalarType.Float32).unbind(0).Select(stepper.Step)]), 1e-5, "steps");
    }

    [Fact]
    public void Keys_AreThoseOfAGru_WithTwoBlocks()
    {
        using var net = new Janet(I, H, numLayers: 2, bidirectional: true);
        using var gru = new Gru(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        Assert.Equal(gru.state_dict().Keys.Order(), shapes.Keys.Order());
        Assert.Equal([2 * H, I], shapes["weight_ih_l0"]);
        Assert.Equal([2 * H, 2 * H], shapes["weight_ih_l1_reverse"]);
        Assert.Equal([2 * H, H], shapes["weight_hh_l0"]);
        Assert.Equal([2 * H], shapes["bias_hh_l1"]);
        Assert.Equal(["j", "s"], ((JanetCell)net.CellAt(0)).Gates);

        using var noBias = new Janet(I, H, bias: false);
        Assert.Equal(["weight_hh_l0", "weight_ih_l0"], noBias.state_dict().Keys.Order());
    }

    [Fact]
    public void InitialValues_AreThoseOfTheAuthors_AtConstructionAndByTheDefaultInitialiser()
    {
        using var scope = NewDisposeScope();
        using var net = new Janet(I, 101, dtype: ScalarType.Float64);
        AssertInitial();
        Randomise(net);
        using var generator = new Generator(9);
        Initialisers.Default().Apply(net, generator);
        AssertInitial();

        void AssertInitial()
        {
            foreach (var (name, fans) in new[] { ("weight_ih_l0", I + 202), ("weight_hh_l0", 303L) })
            {
                var bound = Math.Sqrt(6.0 / fans);
                Assert.InRange(net.get_parameter(name)!.abs().max().item<double>(), 0.97 * bound, bound);
            }

            Expect.Close(cat([zeros(101, dtype: ScalarType.Float64), ones(101, dtype: ScalarType.Float64)]), net.get_parameter("bias_ih_l0")!, 0, "b_j 0, b_s 1");
            Expect.Close(zeros(202, dtype: ScalarType.Float64), net.get_parameter("bias_hh_l0")!, 0, "bias_hh");
        }
    }

    [Fact]
    public void ChronoAndForgetBias_SetTheForgetGate_AndNothingElse()
    {
        using var scope = NewDisposeScope();
        using var net = new Janet(2, 997, dtype: ScalarType.Float64);
        using var generator = new Generator(5);
        Initialisers.Chrono(50).Apply(net, generator);
        var steps = Bias()[1].exp(); // U(1, T_max - 1)
        Assert.InRange(steps.min().item<double>(), 1, 2);
        Assert.InRange(steps.max().item<double>(), 48, 49);
        Assert.Equal(0, Bias()[0].abs().max().item<double>());

        Initialisers.ForgetBias(1.5).Apply(net);
        Expect.Close(full(997, 1.5, dtype: ScalarType.Float64), Bias()[1], 0, "b_s");
        Assert.Equal(0, Bias()[0].abs().max().item<double>());
        Assert.True(RecurrentNets.Named("janet").Fits("orthogonal+chrono:3+one-hot"));

        Tensor[] Bias() => net.get_parameter("bias_ih_l0")!.add(net.get_parameter("bias_hh_l0")!).chunk(2, 0);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, Math.E)]
    public void State_StaysWithinEToTheBeta(double beta, double bound)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var net = new Janet(I, H, beta: beta, dtype: ScalarType.Float64);
        net.get_parameter("weight_hh_l0")!.zero_();
        net.get_parameter("weight_ih_l0")!.zero_();
        net.get_parameter("bias_ih_l0")!.narrow(0, 0, H).fill_(20); // g = 1
        net.get_parameter("bias_ih_l0")!.narrow(0, H, H).fill_(6); // which keeps long
        var (output, final) = net.call(zeros(5_000, 1, I, dtype: ScalarType.Float64));
        Assert.True(output.max().item<double>() <= bound);
        Assert.InRange(final.min().item<double>(), 0.99 * bound, bound);
    }

    [Fact]
    public void HugeInputs_ShutTheGates_AndEveryNumberIsFinite()
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var net = new Janet(I, H) { Backward = path };
            foreach (var size in new[] { 1e3, 1e30 })
            {
                net.zero_grad();
                var x = randn(50, B, I).mul(size).requires_grad_();
                var (output, final) = net.call(x);
                Gradient.Backward(output.sum().add(final.sum()));
                Assert.All(net.parameters().Select(parameter => parameter.grad!).Append(x.grad!).Append(output), value => Assert.True(value.isfinite().all().item<bool>()));
            }
        }
    }

    [Fact]
    public void BetaThatIsNoNumber_IsNamed()
    {
        Expect.Message<ArgumentException>("beta: expected a finite number, got NaN.", () => new Janet(I, H, beta: double.NaN));
        Expect.Message<ArgumentException>("beta: expected a finite number, got -Infinity.", () => new JanetCell(I, H, double.NegativeInfinity));
    }

    /// <summary>c σ(f) + σ(β - f) tanh(j) of [x, h] W + b, as the authors' code has it.</summary>
    private static double[] ByLoop(JanetCell cell, double beta, Tensor x, Tensor h)
    {
        var (inputs, state) = (Numbers(x), Numbers(h)); // [B, I], [B, H]
        double[] weightX = Numbers(cell.weight_ih.t()), weightH = Numbers(cell.weight_hh.t()); // [I, 2H], [H, 2H]
        var bias = Numbers(cell.bias_ih!.add(cell.bias_hh!)); // [2H]
        var after = new double[B * H];
        for (var row = 0; row < B; row++)
        {
            for (var unit = 0; unit < H; unit++)
            {
                var (j, f) = (bias[unit], bias[H + unit]);
                for (var k = 0; k < I; k++)
                {
                    j += inputs[(row * I) + k] * weightX[(k * 2 * H) + unit];
                    f += inputs[(row * I) + k] * weightX[(k * 2 * H) + H + unit];
                }

                for (var k = 0; k < H; k++)
                {
                    j += state[(row * H) + k] * weightH[(k * 2 * H) + unit];
                    f += state[(row * H) + k] * weightH[(k * 2 * H) + H + unit];
                }

                after[(row * H) + unit] = (state[(row * H) + unit] / (1 + Math.Exp(-f))) + (Math.Tanh(j) / (1 + Math.Exp(f - beta)));
            }
        }

        return after;
    }

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
