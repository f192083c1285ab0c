using RnnZoo.Modules;
using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the minLSTM computes, against loops over the paper's own form: f/(f + i) and i/(f + i).</summary>
public sealed class MinLstmTests
{
    private const int I = 3, H = 5, B = 2, T = 7;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Output_IsThatOfThePapersForm(bool normalise, bool bias)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var net = new MinLstm(I, H, bias: bias, normalise: normalise, dtype: ScalarType.Float64);
        using var noTape = no_grad();
        foreach (var parameter in net.parameters())
        {
            parameter.normal_();
        }

        var (x, h0) = (randn(T, B, I, dtype: ScalarType.Float64), randn(1, B, H, dtype: ScalarType.Float64));
        var (output, final) = net.call(x, h0);
        var (w, b, inputs, h) = (Numbers(net.get_parameter("weight_ih_l0")!), bias ? Numbers(net.get_parameter("bias_ih_l0")!) : new double[3 * H], Numbers(x), Numbers(h0));
        for (var t = 0; t < T; t++)
        {
            for (var (row, at) = (0, 0); row < B; row++)
            {
                for (var unit = 0; unit < H; unit++, at++)
                {
                    var block = new double[3];
                    for (var gate = 0; gate < 3; gate++)
                    {
                        block[gate] = b[(gate * H) + unit];
                        for (var k = 0; k < I; k++)
                        {
                            block[gate] += w[(((gate * H) + unit) * I) + k] * inputs[(((t * B) + row) * I) + k];
                        }
                    }

                    var (f, i) = (1 / (1 + Math.Exp(-block[0])), 1 / (1 + Math.Exp(-block[1])));
                    var sum = normalise ? f + i : 1;
                    h[at] = (f / sum * h[at]) + (i / sum * block[2]);
                }
            }

            Expect.Close(tensor(h).view(B, H), output[t], 1e-14, $"h at {t}");
        }

        Expect.Close(output[^1], final[0], 0, "h_n");
    }

    [Fact]
    public void Normalised_WithOppositeGates_IsAMinGru()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        using var net = new MinLstm(I, H, dtype: ScalarType.Float64);
        using var other = new MinGru(I, H, dtype: ScalarType.Float64);
        foreach (var name in new[] { "weight_ih_l0", "bias_ih_l0" })
        {
            var blocks = net.get_parameter(name)!.chunk(3, 0);
            blocks[0].copy_(blocks[1].neg());
            other.get_parameter(name)!.copy_(cat([blocks[1], blocks[2]]));
        }

        var x = randn(T, B, I, dtype: ScalarType.Float64);
        Expect.Close(other.call(x).Item1, net.call(x).Item1, 1e-14, "output");
    }

    [Fact]
    public void Keys_AreThoseOfTheInputAlone()
    {
        using var net = new MinLstm(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        Assert.Equal(suffixes.SelectMany(suffix => new[] { "bias_ih" + suffix, "weight_ih" + suffix }).Order(), shapes.Keys.Order());
        Assert.Equal([3 * H, I], shapes["weight_ih_l0"]);
        Assert.Equal([3 * H, 2 * H], shapes["weight_ih_l1_reverse"]);
        Assert.Equal([3 * H], shapes["bias_ih_l0"]);
    }

    // The paper's quotient is 0/0 where both gates are shut; what it tends to is f/(f + i) = 1/(1 + e^(k_i - k_f)).
    [Theory]
    [InlineData(-1e4, 0, ScalarType.Float32)]
    [InlineData(-1e4, 1, ScalarType.Float32)]
    [InlineData(-1e4, 1, ScalarType.Float64)]
    [InlineData(-1e5, -2, ScalarType.Float64)]
    [InlineData(1e4, 0, ScalarType.Float32)]
    [InlineData(1e30, 0, ScalarType.Float32)]
    [InlineData(-1e30, 0, ScalarType.Float32)]
    public void GatesThatAreShutOrOpenTogether_ShareTheUnit(double k, double more, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var net = new MinLstm(I, H, dtype: dtype) { Backward = path };
            using (no_grad())
            {
                net.get_parameter("weight_ih_l0")!.narrow(0, 0, 2 * H).zero_();
                net.get_parameter("bias_ih_l0")!.narrow(0, 0, H).fill_(k);
                net.get_parameter("bias_ih_l0")!.narrow(0, H, H).fill_(k + more);
            }

            var (x, h0) = (randn(1, B, I, dtype: dtype).requires_grad_(), randn(1, B, H, dtype: dtype).requires_grad_());
            var output = net.call(x, h0).Item1;
            output.sum().backward();
            var f = 1 / (1 + Math.Exp(more));
            Expect.Close(full(1, B, H, f, dtype: dtype), h0.grad!, 1e-6, "f");
            var u = x.detach().matmul(net.get_parameter("weight_ih_l0")!.chunk(3, 0)[2].t()).add(net.get_parameter("bias_ih_l0")!.chunk(3, 0)[2]);
            Expect.Close(h0.mul(f).add(u.mul(1 - f)), output, 1e-5, "h");
            Assert.All(net.parameters().Append(x), tensor => Assert.True(tensor.grad!.isfinite().all().item<bool>()));
        }
    }

    [Fact]
    public void Plain_IsVerified_Steps_AndStaysSoInAClone()
    {
        using var scope = NewDisposeScope();
        using var net = new MinLstm(I, H, numLayers: 2, bidirectional: true, normalise: false, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net);
        Assert.True(report.Passed, report.ToJson());

        using var single = new MinLstm(I, H, normalise: false);
        using var clone = single.Clone();
        using var noTape = no_grad();
        var x = randn(T, B, I);
        var output = single.call(x).Item1;
        Assert.False(clone.Normalise);
        Expect.Close(output, clone.call(x).Item1, 0, "clone");
        var stepper = single.Stepper(B);
        Expect.Close(output, stack([.. x.unbind(0).Select(stepper.Step)]), 1e-6, "steps");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Chrono_MakesTheStateLast(bool normalise)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        using var net = new MinLstm(I, 101, normalise: normalise, dtype: ScalarType.Float64);
        Initialisers.Chrono(50).Apply(net, generator);
        var (zero, h0) = (zeros(1, 1, I, dtype: ScalarType.Float64), ones(1, 1, 101, dtype: ScalarType.Float64).requires_grad_());
        net.call(zero, h0).Item1.sum().backward();
        Assert.InRange(h0.grad!.min().item<double>(), 0.5, 0.6); // 1 - 1/2
        Assert.InRange(h0.grad!.max().item<double>(), 0.97, 1 - (1 / 50.0));
        Initialisers.ForgetBias(2).Apply(net);
        Assert.Equal((2.0, 2.0), (net.get_parameter("bias_ih_l0")!.chunk(3, 0)[0].min().item<double>(), net.get_parameter("bias_ih_l0")!.chunk(3, 0)[0].max().item<double>()));
        Initialisers.Default().Then(Initialisers.Xavier()).Then(Initialisers.OneHotInput()).Apply(net, generator);
        Expect.Message<ArgumentException>(
            "orthogonal: expected a cell with recurrent weights weight_hh made of blocks [H, H], got MinLstmCell; fill its parameters yourself.",
            () => Initialisers.Orthogonal().Apply(net));
    }

    [Fact]
    public void LongSequence_KeepsEveryGradientFinite()
    {
        using var scope = NewDisposeScope();
        using var net = new MinLstm(I, H) { Backward = BackwardPath.HandWritten };
        var x = randn(3_000, 1, I).mul(100).requires_grad_(); // gates shut and open fully
        net.call(x).Item1.mul(randn(3_000, 1, H)).sum().backward();
        Assert.All(net.parameters().Append(x), tensor => Assert.True(tensor.grad!.isfinite().all().item<bool>()));
        net.ThrowIfFailed();
    }

    private static double[] Numbers(Tensor tensor) => tensor.data<double>().ToArray();
}
