using RnnZoo.Cells;
using RnnZoo.Kernels;
using RnnZoo.Modules;
using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the RG-LRU computes, against loops over the authors' form, and where its gradient is not the derivative.</summary>
public sealed class RgLruTests
{
    private const int I = 3, H = 5, B = 2, T = 9;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Output_IsTheEquation(bool bias)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var net = new RgLru(I, H, bias: bias, dtype: ScalarType.Float64);
        using var noTape = no_grad();
        foreach (var parameter in net.parameters())
        {
            parameter.normal_();
        }

        var (x, h0) = (randn(T, B, I, dtype: ScalarType.Float64), randn(1, B, H, dtype: ScalarType.Float64));
        var (output, final) = net.call(x, h0);
        var (w, b) = (Numbers(net.get_parameter("weight_ih_l0")!), bias ? Numbers(net.get_parameter("bias_ih_l0")!) : new double[3 * H]);
        var (lambda, inputs, h) = (Numbers(net.get_parameter("weight_lambda_l0")!), Numbers(x), Numbers(h0));
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

                    var a = Math.Exp(-8 * Sigmoid(block[0]) * Math.Log(1 + Math.Exp(lambda[unit])));
                    h[at] = (a * h[at]) + (Math.Sqrt(1 - (a * a)) * Sigmoid(block[1]) * block[2]);
                }
            }

            Expect.Close(tensor(h).view(B, H), output[t], 1e-13, $"h at {t}");
        }

        Expect.Close(output[^1], final[0], 0, "h_n");
    }

    // A layer of recurrentgemma: gates of two heads, x itself for u, and a first step that nothing comes before.
    [Fact]
    public void RecurrentGemma_IsALayerWithTheIdentityForU_AndAStateThatMakesItsFirstStep()
    {
        const int Heads = 2, Width = 6, Head = Width / Heads;
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        manual_seed(5);
        var (gateA, gateX) = (randn(Heads, Head, Head, dtype: ScalarType.Float64), randn(Heads, Head, Head, dtype: ScalarType.Float64)); // [head, i, j]
        var (biasA, biasX, lambda) = (randn(Width, dtype: ScalarType.Float64), randn(Width, dtype: ScalarType.Float64), randn(Width, dtype: ScalarType.Float64));
        using var net = new RgLru(Width, Width, dtype: ScalarType.Float64);
        net.get_parameter("weight_ih_l0")!.copy_(cat([
            block_diag(gateA[0].t(), gateA[1].t()), block_diag(gateX[0].t(), gateX[1].t()), eye(Width, dtype: ScalarType.Float64),
        ]));
        net.get_parameter("bias_ih_l0")!.copy_(cat([biasA, biasX, zeros(Width, dtype: ScalarType.Float64)]));
        net.get_parameter("weight_lambda_l0")!.copy_(lambda);

        var x = randn(T, 1, Width, dtype: ScalarType.Float64);
        var (expected, h0, h) = (new double[T, Width], new double[Width], new double[Width]);
        for (var t = 0; t < T; t++)
        {
            for (var unit = 0; unit < Width; unit++)
            {
                var (k, j) = (biasA[unit].item<double>(), unit % Head);
                var input = biasX[unit].item<double>();
                for (var i = 0; i < Head; i++)
                {
                    var value = x[t, 0, (unit / Head * Head) + i].item<double>();
                    k += value * gateA[unit / Head, i, j].item<double>();
                    input += value * gateX[unit / Head, i, j].item<double>();
                }

                var log = -8 * Sigmoid(k) * Math.Log(1 + Math.Exp(lambda[unit].item<double>()));
                var (a, m, v) = (Math.Exp(log), Math.Sqrt(1 - Math.Exp(2 * log)), x[t, 0, unit].item<double>() * Sigmoid(input));
                h0[unit] = t == 0 ? (1 - m) * v / a : h0[unit];
                h[unit] = t == 0 ? v : (a * h[unit]) + (m * v);
                expected[t, unit] = h[unit];
            }
        }

        var output = net.call(x, tensor(h0).view(1, 1, Width)).Item1;
        Expect.Close(tensor(expected), output.squeeze(1), 1e-12, "output");
    }

    [Fact]
    public void Keys_AreThoseOfTheInputAndTheRates()
    {
        using var net = new RgLru(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        Assert.Equal(suffixes.SelectMany(suffix => new[] { "bias_ih" + suffix, "weight_ih" + suffix, "weight_lambda" + suffix }).Order(), shapes.Keys.Order());
        Assert.Equal([3 * H, I], shapes["weight_ih_l0"]);
        Assert.Equal([3 * H, 2 * H], shapes["weight_ih_l1_reverse"]);
        Assert.Equal([H], shapes["weight_lambda_l1"]);
        using var noBias = new RgLru(I, H, bias: false);
        Assert.Equal(["weight_ih_l0", "weight_lambda_l0"], noBias.state_dict().Keys.Order());
    }

    [Fact]
    public void Start_IsTheAuthors_AndTheDefaultInitialiserMakesIt()
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        using var generator = new Generator(3);
        using var net = new RgLru(17, 997, dtype: ScalarType.Float64);
        AssertStart();
        using (no_grad())
        {
            foreach (var parameter in net.parameters())
            {
                parameter.fill_(7);
            }
        }

        Initialisers.Default().Apply(net, generator);
        AssertStart();
        var before = net.get_parameter("weight_lambda_l0")!.detach().clone();
        Initialisers.Xavier().Then(Initialisers.OneHotInput()).Apply(net, generator);
        Expect.Close(before, net.get_parameter("weight_lambda_l0")!, 0, "Λ");

        void AssertStart()
        {
            var squares = net.get_parameter("weight_lambda_l0")!.neg().sigmoid().square(); // [H]: ρ = σ(-Λ)
            Assert.InRange(squares.min().item<double>(), 0.81, 0.8125);
            Assert.InRange(squares.max().item<double>(), 0.9955, 0.998001);
            Assert.InRange(squares.mean().item<double>(), 0.897, 0.911); // 0.904, four standard deviations of 997 draws
            var weight = net.get_parameter("weight_ih_l0")!; // 50847 draws
            Assert.InRange(weight.square().mean().item<double>() * 17, 0.97, 1.03);
            Assert.InRange(weight.mean().item<double>(), -0.01, 0.01);
            Assert.Equal(0, net.get_parameter("bias_ih_l0")!.count_nonzero().item<long>());
        }
    }

    // Of u = 1, i = 1/2, h' = 0 and h = m/2 the gradient of k_r is root' · (-2 a²) c r'/2, root' at most 1,000.
    [Theory]
    [InlineData(-5.0)]
    [InlineData(-13.0)]
    [InlineData(-16.0)] // 1 - a² is 1.25e-6 and below the bound of 2.5e-7 from about -17 on
    [InlineData(-18.0)]
    [InlineData(-25.0)]
    [InlineData(-60.0)]
    public void NearlyShutRate_HasTheSlopeOfTheRootHeldAtAThousand_OnEveryPath(double k)
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var net = new RgLru(1, 1, dtype: ScalarType.Float64) { Backward = path };
            using (no_grad())
            {
                net.get_parameter("weight_ih_l0")!.zero_();
                net.get_parameter("bias_ih_l0")!.copy_(tensor(new[] { k, 0, 1 }));
                net.get_parameter("weight_lambda_l0")!.zero_();
            }

            var output = net.call(zeros(1, 1, 1, dtype: ScalarType.Float64)).Item1;
            output.sum().backward();
            var (r, c) = (Sigmoid(k), -8 * Math.Log(2));
            var rest = -2 * c * r * (1 + (c * r) + (2 * c * r * c * r / 3)); // 1 - e^(2 c r), for r near 0
            var root = Math.Min(1 / (2 * Math.Sqrt(rest)), 1000);
            var expected = root * -2 * Math.Exp(2 * c * r) * c * r * (1 - r) / 2;
            Expect.Close(tensor(Math.Sqrt(rest) / 2), output.squeeze(), 1e-5 * Math.Sqrt(rest), "h");
            Expect.Close(tensor(expected), net.get_parameter("bias_ih_l0")!.grad![0], 1e-4 * expected, "dk_r");
            Assert.Equal(k < -17, root == 1000);
        }
    }

    [Theory]
    [InlineData(-1e4, ScalarType.Float32)]
    [InlineData(-1e4, ScalarType.Float64)]
    [InlineData(-1e30, ScalarType.Float32)]
    [InlineData(1e30, ScalarType.Float32)]
    public void RateThatIsShutOrOpen_HasFiniteGradients(double k, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            manual_seed(7);
            using var net = new RgLru(I, H, dtype: dtype) { Backward = path };
            using (no_grad())
            {
                net.get_parameter("bias_ih_l0")!.narrow(0, 0, H).fill_(k);
                net.get_parameter("weight_lambda_l0")!.fill_(k);
            }

            var (x, h0) = (randn(T, B, I, dtype: dtype).requires_grad_(), randn(1, B, H, dtype: dtype).requires_grad_());
            var output = net.call(x, h0).Item1;
            output.sum().backward();
            Assert.All(net.parameters().Append(x).Append(h0), tensor => Assert.True(tensor.grad!.isfinite().all().item<bool>()));
            if (k < 0)
            {
                Expect.Close(h0.expand(T, B, H), output, 0, "kept for ever");
                Expect.Close(full(1, B, H, T, dtype: dtype), h0.grad!, 0, "dh_0");
            }
        }
    }

    [Fact]
    public void SqrtOneMinusSquare_IsGoodNearZero_InTensorsAndInProgramsOfEveryWidth()
    {
        using var scope = NewDisposeScope();
        double[] exponents = [0, -1e-300, -1e-16, -3e-9, -1e-6, -0.01, -0.7, -5, -40, -1e6];
        var values = tensor(exponents); // [n]
        var expected = values.mul(2).expm1().neg().sqrt(); // [n]
        Expect.Close(expected, TensorValue.Of(new TensorValue(values).SqrtOneMinusSquare(new TensorValue(values.exp()), 1000)), 0, "tensor");
        foreach (var width in Enum.GetValues<VectorWidth>())
        {
            var program = StepProgram<double>.Of(1, width);
            var rows = program.Rows(exponents.Length);
            exponents.CopyTo(StepProgram<double>.RowOf(rows, 0));
            var value = new ProgramRows<double>(program, rows);
            var made = ProgramRows<double>.RowsOf(value.SqrtOneMinusSquare(value.Exp(), 1000));
            program.Ready().Run();
            var actual = tensor(StepProgram<double>.RowOf(made, 0).ToArray());
            Assert.Equal(0, actual[0].item<double>());
            Expect.Close(ones(exponents.Length - 1, dtype: ScalarType.Float64), actual.narrow(0, 1, exponents.Length - 1).div(expected.narrow(0, 1, exponents.Length - 1)), 1e-14, $"{width}");
        }
    }

    [Fact]
    public void SmallNet_IsVerified_AlsoInItsLaterLayers()
    {
        using var net = new RgLru(I, H, numLayers: 2, batchFirst: true, bidirectional: true, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net);
        Assert.True(report.Passed, report.ToJson());
    }

    private static double Sigmoid(double a) => 1 / (1 + Math.Exp(-a));

    private static double[] Numbers(Tensor tensor) => tensor.data<double>().ToArray();
}
