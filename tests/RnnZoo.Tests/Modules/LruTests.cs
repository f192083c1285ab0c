using System.Numerics;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using RnnZoo.Modules;
using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the linear recurrent unit computes, against loops over complex numbers, its parameters, start and options.</summary>
public sealed class LruTests
{
    private const int I = 5, H = 7, B = 2, T = 11;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Output_IsTheEquation_InComplexNumbers(bool bias)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        manual_seed(3);
        using var net = new Lru(I, H, bias: bias, dtype: ScalarType.Float64);
        foreach (var parameter in net.parameters())
        {
            parameter.normal_();
        }

        var (x, y0, z0) = (Random(T, B, I), Random(1, B, H), Random(1, B, 2 * H));
        var (output, yLast, zLast) = net.call(x, (y0, z0));
        var cell = (LruCell)net.CellAt(0);
        var (w, offset, c) = (Numbers(cell.weight_ih), bias ? Numbers(cell.bias_ih!) : new double[3 * H], Numbers(cell.weight_zh));
        var (lambda, gamma) = (Lambda(cell), Array.ConvertAll(Numbers(cell.weight_gamma_log), Math.Exp));
        var (inputs, start, y) = (Numbers(x), Numbers(z0), new double[B * H]);
        var z = new Complex[B * H];
        for (var t = 0; t < T; t++)
        {
            for (var row = 0; row < B; row++)
            {
                for (var unit = 0; unit < H; unit++)
                {
                    var driven = new Complex(Driven(unit), Driven(H + unit));
                    var at = (row * H) + unit;
                    var before = t == 0 ? new Complex(start[(row * 2 * H) + unit], start[(row * 2 * H) + H + unit]) : z[at];
                    z[at] = (lambda[unit] * before) + (gamma[unit] * driven);
                }

                for (var unit = 0; unit < H; unit++)
                {
                    y[(row * H) + unit] = Driven((2 * H) + unit);
                    for (var k = 0; k < H; k++)
                    {
                        y[(row * H) + unit] += (c[(unit * 2 * H) + k] * z[(row * H) + k].Real) + (c[(unit * 2 * H) + H + k] * z[(row * H) + k].Imaginary);
                    }
                }

                double Driven(int block)
                {
                    var sum = offset[block];
                    for (var k = 0; k < I; k++)
                    {
                        sum += w[(block * I) + k] * inputs[(((t * B) + row) * I) + k];
                    }

                    return sum;
                }
            }

            Expect.Close(tensor(y).view(B, H), output[t], 1e-13, $"y at {t}");
        }

        Expect.Close(output[^1], yLast[0], 0, "y_n");
        Expect.Close(tensor(z.Select(number => number.Real).ToArray()).view(B, H), zLast[0].narrow(1, 0, H), 1e-13, "r_n");
        Expect.Close(tensor(z.Select(number => number.Imaginary).ToArray()).view(B, H), zLast[0].narrow(1, H, H), 1e-13, "s_n");
    }

    // A layer of minimal-LRU by the names of its parameters; its D is a vector. An impulse, of which λ^t is left after t steps.
    [Fact]
    public void MinimalLru_IsALayerWithItsDOnTheDiagonal_AndAnImpulseTurnsAndShrinksByLambda()
    {
        const int Width = 3, Steps = 1000;
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        manual_seed(5);
        var (realB, imagB, realC, imagC, d) = (Random(Width, Width), Random(Width, Width), Random(Width, Width), Random(Width, Width), Random(Width));
        using var net = new Lru(Width, Width, minRadius: 0.99, maxRadius: 0.999, bias: false, dtype: ScalarType.Float64);
        net.get_parameter("weight_ih_l0")!.copy_(cat([realB, imagB, diag(d)]));
        net.get_parameter("weight_zh_l0")!.copy_(cat([realC, imagC.neg()], 1));

        var x = zeros(Steps, 1, Width, dtype: ScalarType.Float64);
        x[0, 0] = Random(Width);
        var (bRe, bIm, cRe, cIm, direct, impulse) = (Numbers(realB), Numbers(imagB), Numbers(realC), Numbers(imagC), Numbers(d), Numbers(x[0, 0]));
        var lambda = Lambda((LruCell)net.CellAt(0));
        var expected = new double[Steps, Width];
        for (var t = 0; t < Steps; t++)
        {
            for (var unit = 0; unit < Width; unit++)
            {
                var sum = t == 0 ? new Complex(direct[unit] * impulse[unit], 0) : 0;
                for (var k = 0; k < Width; k++)
                {
                    Complex into = 0;
                    for (var j = 0; j < Width; j++)
                    {
                        into += new Complex(bRe[(k * Width) + j], bIm[(k * Width) + j]) * impulse[j];
                    }

                    var normalised = into * Math.Sqrt(1 - (lambda[k].Magnitude * lambda[k].Magnitude)); // γ as it starts
                    sum += new Complex(cRe[(unit * Width) + k], cIm[(unit * Width) + k]) * Complex.Pow(lambda[k], t) * normalised;
                }

                expected[t, unit] = sum.Real;
            }
        }

        var output = net.call(x).Item1;
        Expect.Close(tensor(expected), output.squeeze(1), 1e-11, "output");
        Assert.True(output[500].abs().max().item<double>() > 1e-4);
    }

    [Fact]
    public void Cell_IsOneStepOfTheNet()
    {
        using var scope = NewDisposeScope();
        using var net = new Lru(I, H, dtype: ScalarType.Float64);
        var (x, y, z) = (Random(1, 3, I), Random(1, 3, H), Random(1, 3, 2 * H));
        var (_, yNet, zNet) = net.call(x, (y, z));
        var (yCell, zCell) = ((LruCell)net.CellAt(0)).call(x[0], (y[0], z[0]));
        Expect.Close(yNet[0], yCell, 1e-15, "y");
        Expect.Close(zNet[0], zCell, 1e-15, "z");
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void OutputBefore_IsNotRead_AndHasTheGradientZero(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new Lru(I, H, numLayers: 2, dtype: ScalarType.Float64) { Backward = path };
        var (x, z) = (Random(T, B, I), Random(2, B, 2 * H));
        var y = full([2, B, H], double.NaN, dtype: ScalarType.Float64).requires_grad_();
        var (output, _, _) = net.call(x, (y, z));
        output.sum().backward();
        net.ThrowIfFailed();
        Expect.Close(net.call(x, (zeros_like(y), z)).Item1, output, 0, "output");
        Expect.Close(zeros_like(z).narrow(2, 0, H), y.grad!, 0, "dy_0");
        Assert.All(net.parameters(), parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>()));
    }

    [Fact]
    public void Keys_AreThoseOfTheCellWithLayerAndDirection()
    {
        using var net = new Lru(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        string[] names = ["weight_ih", "weight_zh", "weight_nu_log", "weight_theta_log", "weight_gamma_log", "bias_ih"];
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        Assert.Equal(suffixes.SelectMany(suffix => names.Select(name => name + suffix)).Order(), shapes.Keys.Order());
        Assert.Equal([3 * H, I], shapes["weight_ih_l0"]);
        Assert.Equal([3 * H, 2 * H], shapes["weight_ih_l1_reverse"]);
        Assert.Equal([H, 2 * H], shapes["weight_zh_l1"]);
        Assert.Equal([3 * H], shapes["bias_ih_l0_reverse"]);
        Assert.All(names[2..5], name => Assert.Equal([H], shapes[name + "_l1"]));

        using var noBias = new Lru(I, H, bias: false);
        Assert.Equal(names[..5].Select(name => name + "_l0").Order(), noBias.state_dict().Keys.Order());
    }

    [Theory]
    [InlineData(0, 1, 6.28)]
    [InlineData(0.9, 0.99, 0.3)]
    public void Start_IsTheAuthors_AndTheDefaultInitialiserMakesIt(double minRadius, double maxRadius, double maxPhase)
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        using var generator = new Generator(3);
        using var net = new Lru(17, 997, minRadius: minRadius, maxRadius: maxRadius, maxPhase: maxPhase, dtype: ScalarType.Float64);
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
        string[] kept = ["weight_nu_log_l0", "weight_theta_log_l0", "weight_gamma_log_l0"];
        var before = kept.Select(key => net.get_parameter(key)!.detach().clone()).ToArray();
        Initialisers.Xavier().Then(Initialisers.OneHotInput()).Apply(net, generator);
        Assert.All(kept.Zip(before), pair => Expect.Close(pair.Second, net.get_parameter(pair.First)!, 0, pair.First));

        void AssertStart()
        {
            var square = net.get_parameter("weight_nu_log_l0")!.exp().mul(-2).exp(); // [H]: |λ|²
            AssertUniform(square, minRadius * minRadius, maxRadius * maxRadius);
            AssertUniform(net.get_parameter("weight_theta_log_l0")!.exp(), 0, maxPhase);
            Expect.Close(ones_like(square).sub(square).sqrt(), net.get_parameter("weight_gamma_log_l0")!.exp(), 1e-12, "γ");
            AssertDeviation(net.get_parameter("weight_ih_l0")!.narrow(0, 0, 2 * 997), 2 * 17);
            AssertDeviation(net.get_parameter("weight_ih_l0")!.narrow(0, 2 * 997, 997), 17);
            AssertDeviation(net.get_parameter("weight_zh_l0")!, 997);
            Assert.Equal(0, net.get_parameter("bias_ih_l0")!.count_nonzero().item<long>());
        }

        // 997 draws: their mean is within four standard deviations, 4 / √(12 · 997) of the span, and the ends are nearly reached.
        static void AssertUniform(Tensor values, double from, double to)
        {
            Assert.InRange(values.min().item<double>(), from, from + (0.015 * (to - from)));
            Assert.InRange(values.max().item<double>(), to - (0.015 * (to - from)), to);
            Assert.InRange(values.mean().item<double>(), from + (0.463 * (to - from)), from + (0.537 * (to - from)));
        }

        static void AssertDeviation(Tensor weight, double inverseVariance)
        {
            Assert.InRange(weight.square().mean().item<double>() * inverseVariance, 0.95, 1.05);
            Assert.InRange(weight.mean().item<double>() * Math.Sqrt(inverseVariance), -0.04, 0.04);
        }
    }

    [Theory]
    [InlineData(1, 1, 1, 1, true)]
    [InlineData(13, 2, 3, 2, false)]
    public void AnySizeAndOption_IsVerified(long steps, long batch, long hidden, long layers, bool bias)
    {
        using var net = new Lru(I, hidden, layers, minRadius: 0.5, maxRadius: 0.999, bias: bias, batchFirst: true, bidirectional: layers > 1, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net, new GradientCheckOptions { Steps = steps, Batch = batch });
        Assert.True(report.Passed, report.ToJson());
    }

    [Theory]
    [InlineData(-100, 0, ScalarType.Float32)] // |λ| rounds to 1
    [InlineData(20, 0, ScalarType.Float32)] // and to 0
    [InlineData(80, 0, ScalarType.Float32)]
    [InlineData(700, 0, ScalarType.Float64)]
    [InlineData(-5, -100, ScalarType.Float32)] // no angle
    [InlineData(-5, 9.2, ScalarType.Float32)] // an angle of 1e4
    [InlineData(-5, 9.2, ScalarType.Float64)]
    public void LambdaAtItsEnds_AndHugeInputs_HaveFiniteGradients(double nu, double theta, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            manual_seed(7);
            using var net = new Lru(I, H, dtype: dtype) { Backward = path };
            using (no_grad())
            {
                net.get_parameter("weight_nu_log_l0")!.fill_(nu);
                net.get_parameter("weight_theta_log_l0")!.fill_(theta);
            }

            var x = randn(T, B, I, dtype: dtype).mul(1e16).requires_grad_();
            var output = net.call(x).Item1;
            output.sum().backward();
            Assert.True(output.isfinite().all().item<bool>());
            Assert.True(x.grad!.isfinite().all().item<bool>());
            Assert.All(net.parameters(), parameter => Assert.True(parameter.grad!.isfinite().all().item<bool>()));
        }
    }

    [Fact]
    public void SinAndCos_AreGoodToAFewRoundings_InTensorsAndInProgramsOfEveryWidth()
    {
        double[] angles = [0, 1e-300, -1e-9, 0.5, -0.7853981633974483, 1.5707963267948966, 3.141592653589793, -6.28, 100, -355, 1e4, -9999.5, 22026.46579, 1e6, double.NaN, double.PositiveInfinity];
        AssertGood(angles, 1e-15);
        AssertGood(Array.ConvertAll(angles, angle => (float)angle), 4e-7);

        static void AssertGood<T>(T[] angles, double tolerance)
            where T : unmanaged, INumberBase<T>
        {
            using var scope = NewDisposeScope();
            var exact = Array.ConvertAll(angles, double.CreateChecked);
            var values = new TensorValue(tensor(exact).to(typeof(T) == typeof(float) ? ScalarType.Float32 : ScalarType.Float64)); // [n]
            AssertAll("tensor", (ProgramRows<T>.NumbersOf(TensorValue.Of(values.Sin())), ProgramRows<T>.NumbersOf(TensorValue.Of(values.Cos()))));
            foreach (var width in Enum.GetValues<VectorWidth>())
            {
                var program = StepProgram<T>.Of(1, width);
                var rows = program.Rows(angles.Length);
                angles.CopyTo(StepProgram<T>.RowOf(rows, 0));
                var value = new ProgramRows<T>(program, rows);
                var (sin, cos) = (ProgramRows<T>.RowsOf(value.Sin()), ProgramRows<T>.RowsOf(value.Cos()));
                program.Run();
                AssertAll($"{width}", (StepProgram<T>.RowOf(sin, 0).ToArray(), StepProgram<T>.RowOf(cos, 0).ToArray()));
            }

            void AssertAll(string where, (T[] Sin, T[] Cos) made)
            {
                for (var index = 0; index < angles.Length; index++)
                {
                    AssertOne($"{where}: sin", Math.Sin(exact[index]), double.CreateChecked(made.Sin[index]));
                    AssertOne($"{where}: cos", Math.Cos(exact[index]), double.CreateChecked(made.Cos[index]));

                    void AssertOne(string what, double want, double got) => Assert.True(
                        double.IsNaN(want) ? double.IsNaN(got) : Math.Abs(got - want) <= tolerance * Math.Abs(want), $"{what} {exact[index]}: expected {want}, got {got}");
                }
            }
        }
    }

    [Fact]
    public void Options_AreThoseOfEveryCellAndOfTheClone()
    {
        using var net = new Lru(I, H, numLayers: 2, minRadius: 0.4, maxRadius: 0.9, maxPhase: 0.314, bidirectional: true);
        using var clone = net.Clone();
        foreach (var made in new[] { net, clone })
        {
            Assert.Equal((0.4, 0.9, 0.314), (made.MinRadius, made.MaxRadius, made.MaxPhase));
            var cell = (LruCell)made.CellAt(1, 1);
            Assert.Equal((0.4, 0.9, 0.314), (cell.MinRadius, cell.MaxRadius, cell.MaxPhase));
            Assert.Equal([H, 2 * H], made.StateSizes);
        }

        using var usual = new Lru(I, H);
        Assert.Equal((0, 1, 6.28), (usual.MinRadius, usual.MaxRadius, usual.MaxPhase));
    }

    [Theory]
    [InlineData(-0.1, 1, 1, "minRadius: expected a number from 0 to below 1, got -0.1.")]
    [InlineData(1, 1, 1, "minRadius: expected a number from 0 to below 1, got 1.")]
    [InlineData(0.5, 0.5, 1, "maxRadius: expected a number above minRadius = 0.5, at most 1, got 0.5.")]
    [InlineData(0, 1.1, 1, "maxRadius: expected a number above minRadius = 0, at most 1, got 1.1.")]
    [InlineData(0, double.NaN, 1, "maxRadius: expected a number above minRadius = 0, at most 1, got NaN.")]
    [InlineData(0, 1, 0, "maxPhase: expected a number above 0, got 0.")]
    public void Options_OutsideTheirRange_AreRefused(double minRadius, double maxRadius, double maxPhase, string message) =>
        Expect.Message<ArgumentException>(message, () => new Lru(I, H, minRadius: minRadius, maxRadius: maxRadius, maxPhase: maxPhase));

    private static Complex[] Lambda(LruCell cell) =>
        [.. Numbers(cell.weight_nu_log).Zip(Numbers(cell.weight_theta_log), (nu, theta) => Complex.Exp(new Complex(-Math.Exp(nu), Math.Exp(theta))))];

    private static double[] Numbers(Tensor value) => value.detach().contiguous().data<double>().ToArray();

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
}
