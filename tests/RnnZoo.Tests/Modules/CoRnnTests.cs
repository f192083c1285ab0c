using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the coupled oscillatory RNN computes, its parameters and its options.</summary>
public sealed class CoRnnTests
{
    private const int I = 5;
    private const int H = 7;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Steps_AreTheAuthors_NumberByNumber(bool bias)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        const int Steps = 3, Batch = 2;
        const double TimeStep = 0.3, Gamma = 2.7, Epsilon = 4.7;
        using var net = new CoRnn(I, H, timeStep: TimeStep, gamma: Gamma, epsilon: Epsilon, bias: bias, dtype: ScalarType.Float64);
        var (x, y0, z0) = (Random(Steps, Batch, I), Random(1, Batch, H), Random(1, Batch, H));
        var cell = (CoRnnCell)net.CellAt(0);

        // The authors' one layer, of x, z and y joined.
        var joined = cat([cell.weight_ih, cell.weight_zh, cell.weight_hh], 1); // [H, I + 2H]
        var (weight, offset) = (Numbers(joined), bias ? Numbers(cell.bias_ih!) : new double[H]);
        var (inputs, y, z) = (Numbers(x), Numbers(y0), Numbers(z0));
        var outputs = new double[Steps * Batch * H];
        for (var t = 0; t < Steps; t++)
        {
            for (var row = 0; row < Batch; row++)
            {
                double[] seen = [.. inputs[(((t * Batch) + row) * I)..(((t * Batch) + row + 1) * I)], .. z[(row * H)..((row + 1) * H)], .. y[(row * H)..((row + 1) * H)]];
                for (var unit = 0; unit < H; unit++)
                {
                    var sum = offset[unit];
                    for (var k = 0; k < seen.Length; k++)
                    {
                        sum += weight[(unit * seen.Length) + k] * seen[k];
                    }

                    var at = (row * H) + unit;
                    z[at] += TimeStep * (Math.Tanh(sum) - (Gamma * y[at]) - (Epsilon * z[at]));
                    y[at] += TimeStep * z[at];
                    outputs[(t * Batch * H) + at] = y[at];
                }
            }
        }

        var (output, yLast, zLast) = net.call(x, (y0, z0));

        Expect.Close(tensor(outputs, [Steps, Batch, H]), output, 1e-13, "output");
        Expect.Close(tensor(y, [1, Batch, H]), yLast, 1e-13, "y");
        Expect.Close(tensor(z, [1, Batch, H]), zLast, 1e-13, "z");
    }

    [Fact]
    public void Cell_IsOneStepOfTheNet()
    {
        using var scope = NewDisposeScope();
        using var net = new CoRnn(I, H, dtype: ScalarType.Float64);
        var (x, y, z) = (Random(1, 3, I), Random(1, 3, H), Random(1, 3, H));
        var (_, yNet, zNet) = net.call(x, (y, z));
        var (yCell, zCell) = ((CoRnnCell)net.CellAt(0)).call(x[0], (y[0], z[0]));
        Expect.Close(yNet[0], yCell, 1e-15, "y");
        Expect.Close(zNet[0], zCell, 1e-15, "z");
    }

    [Fact]
    public void Keys_AreThoseOfTheCellWithLayerAndDirection()
    {
        using var net = new CoRnn(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        string[] names = ["weight_ih", "weight_hh", "weight_zh", "bias_ih"];
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        Assert.Equal(suffixes.SelectMany(suffix => names.Select(name => name + suffix)).Order(), shapes.Keys.Order());
        Assert.Equal([H, I], shapes["weight_ih_l0"]);
        Assert.Equal([H, 2 * H], shapes["weight_ih_l1"]);
        Assert.Equal([H, H], shapes["weight_hh_l1_reverse"]);
        Assert.Equal([H, H], shapes["weight_zh_l1_reverse"]);
        Assert.Equal([H], shapes["bias_ih_l0"]);

        using var noBias = new CoRnn(I, H, bias: false);
        Assert.Equal(["weight_hh_l0", "weight_ih_l0", "weight_zh_l0"], noBias.state_dict().Keys.Order());
    }

    [Fact]
    public void Start_IsThatOfOneLayerOverInputAndBothStates()
    {
        using var scope = NewDisposeScope();
        using var net = new CoRnn(41, 59);
        var bound = 1 / Math.Sqrt(41 + (2 * 59));
        AssertStart();
        using (no_grad())
        {
            foreach (var parameter in net.parameters())
            {
                parameter.fill_(9);
            }
        }

        using var generator = new Generator(3);
        Initialisers.Default().Apply(net, generator);
        AssertStart();

        void AssertStart() => Assert.All(net.named_parameters(), item => Assert.InRange(item.Item2.abs().max().item<float>(), 0.9 * bound, bound));
    }

    [Fact]
    public void FreeOscillators_WithoutDamping_KeepTheirEnergy()
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        const double TimeStep = 0.1, Gamma = 4;
        using var net = new CoRnn(I, H, timeStep: TimeStep, gamma: Gamma, epsilon: 0, dtype: ScalarType.Float64);
        foreach (var parameter in net.parameters())
        {
            parameter.zero_();
        }

        var (y, z) = (Random(1, 3, H), Random(1, 3, H));
        var (output, yLast, zLast) = net.call(zeros(1_000, 3, I, dtype: ScalarType.Float64), (y, z));

        Expect.Close(Energy(y, z), Energy(yLast, zLast), 1e-10, "energy");
        Assert.True(output.abs().max().item<double>() > 0.5);

        static Tensor Energy(Tensor y, Tensor z) => z.square().add(y.square().mul(Gamma)).sub(y.mul(z).mul(Gamma * TimeStep)); // what (2) and (3) keep
    }

    [Theory]
    [InlineData(1, 1, 1, 1, true)]
    [InlineData(13, 2, 3, 2, false)]
    public void AnySizeAndOption_IsVerified(long steps, long batch, long hidden, long layers, bool bias)
    {
        using var net = new CoRnn(I, hidden, layers, timeStep: 0.4, gamma: 1.5, epsilon: 0.7, bias: bias, batchFirst: true, bidirectional: layers > 1, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net, new GradientCheckOptions { Steps = steps, Batch = batch });
        Assert.True(report.Passed, report.ToJson());
    }

    [Fact]
    public void HugeInputs_DriveWithOne_AndGiveGradientsOfZero()
    {
        using var scope = NewDisposeScope();
        using var net = new CoRnn(I, H, bias: false) { Backward = BackwardPath.HandWritten };
        var x = full([50, 3, I], 1e30f).requires_grad_();
        var (output, _, _) = net.call(x);
        output.sum().backward();
        net.ThrowIfFailed();
        var resting = net.get_parameter("weight_ih_l0")!.sum(1).sign().div(CoRnnCell.DefaultGamma); // [H]: where force and spring are equal
        Expect.Close(resting.expand(3, H), output[49], 1e-6, "y at rest");
        Assert.Equal(0, x.grad!.abs().max().item<float>());
    }

    [Fact]
    public void Options_AreThoseOfEveryCellAndOfTheClone()
    {
        using var net = new CoRnn(I, H, numLayers: 2, timeStep: 0.042, gamma: 2.7, epsilon: 4.7, bidirectional: true);
        using var clone = net.Clone();
        foreach (var made in new[] { net, clone })
        {
            Assert.Equal((0.042, 2.7, 4.7), (made.TimeStep, made.Gamma, made.Epsilon));
            var cell = (CoRnnCell)made.CellAt(1, 1);
            Assert.Equal((0.042, 2.7, 4.7), (cell.TimeStep, cell.Gamma, cell.Epsilon));
        }

        using var usual = new CoRnn(I, H);
        Assert.Equal((0.06, 66, 15), (usual.TimeStep, usual.Gamma, usual.Epsilon));
    }

    [Theory]
    [InlineData(0, 1, 1, "timeStep: expected a number above 0, got 0.")]
    [InlineData(double.NaN, 1, 1, "timeStep: expected a number above 0, got NaN.")]
    [InlineData(1, -1, 1, "gamma: expected a number of at least 0, got -1.")]
    [InlineData(1, 1, double.PositiveInfinity, "epsilon: expected a number of at least 0, got Infinity.")]
    public void Options_OutsideTheirRange_AreRefused(double timeStep, double gamma, double epsilon, string message) =>
        Expect.Message<ArgumentException>(message, () => new CoRnn(I, H, timeStep: timeStep, gamma: gamma, epsilon: epsilon));

    private static double[] Numbers(Tensor value) => value.detach().contiguous().data<double>().ToArray();

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
}
