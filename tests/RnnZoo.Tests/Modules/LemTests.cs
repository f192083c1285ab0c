using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Verification;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the long expressive memory computes, its parameters and its option.</summary>
public sealed class LemTests
{
    private const int I = 5;
    private const int H = 7;

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0.21)]
    public void Steps_AreTheAuthors_NumberByNumber(bool bias, double timeStep)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        const int Steps = 3, Batch = 2;
        using var net = new Lem(I, H, timeStep: timeStep, bias: bias, dtype: ScalarType.Float64);
        var (x, y0, z0) = (Random(Steps, Batch, I), Random(1, Batch, H), Random(1, Batch, H));
        var cell = (LemCell)net.CellAt(0);
        var (fromX, fromY, fromZ) = (Layer(cell.weight_ih, cell.bias_ih), Layer(cell.weight_hh, cell.bias_hh), Layer(cell.weight_zh, cell.bias_zh));
        var (inputs, y, z) = (Numbers(x), Numbers(y0), Numbers(z0));
        var outputs = new double[Steps * Batch * H];
        for (var t = 0; t < Steps; t++)
        {
            for (var row = 0; row < Batch; row++)
            {
                var (first, at) = (((t * Batch) + row) * I, row * H);
                var (p, q) = (fromX(inputs[first..(first + I)]), fromY(y[at..(at + H)]));
                for (var unit = 0; unit < H; unit++)
                {
                    var step = timeStep * Sigmoid(p[H + unit] + q[H + unit]);
                    z[at + unit] = ((1 - step) * z[at + unit]) + (step * Math.Tanh(p[(3 * H) + unit] + q[(2 * H) + unit]));
                }

                var target = fromZ(z[at..(at + H)]);
                for (var unit = 0; unit < H; unit++)
                {
                    var step = timeStep * Sigmoid(p[unit] + q[unit]);
                    y[at + unit] = ((1 - step) * y[at + unit]) + (step * Math.Tanh(target[unit] + p[(2 * H) + unit]));
                    outputs[(t * Batch * H) + at + unit] = y[at + unit];
                }
            }
        }

        var (output, yLast, zLast) = net.call(x, (y0, z0));

        Expect.Close(tensor(outputs, [Steps, Batch, H]), output, 1e-13, "output");
        Expect.Close(tensor(y, [1, Batch, H]), yLast, 1e-13, "y");
        Expect.Close(tensor(z, [1, Batch, H]), zLast, 1e-13, "z");

        static double Sigmoid(double a) => 1 / (1 + Math.Exp(-a));

        static Func<double[], double[]> Layer(Parameter weight, Parameter? bias)
        {
            var (w, b) = (Numbers(weight), bias is null ? new double[weight.shape[0]] : Numbers(bias));
            return a =>
            {
                var sums = (double[])b.Clone();
                for (var k = 0; k < w.Length; k++)
                {
                    sums[k / a.Length] += w[k] * a[k % a.Length];
                }

                return sums;
            };
        }
    }

    [Fact]
    public void Cell_IsOneStepOfTheNet()
    {
        using var scope = NewDisposeScope();
        using var net = new Lem(I, H, dtype: ScalarType.Float64);
        var (x, y, z) = (Random(1, 3, I), Random(1, 3, H), Random(1, 3, H));
        var (_, yNet, zNet) = net.call(x, (y, z));
        var (yCell, zCell) = ((LemCell)net.CellAt(0)).call(x[0], (y[0], z[0]));
        Expect.Close(yNet[0], yCell, 1e-15, "y");
        Expect.Close(zNet[0], zCell, 1e-15, "z");
    }

    [Fact]
    public void Keys_AreThoseOfTheCellWithLayerAndDirection()
    {
        using var net = new Lem(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        string[] names = ["weight_ih", "weight_hh", "weight_zh", "bias_ih", "bias_hh", "bias_zh"];
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        Assert.Equal(suffixes.SelectMany(suffix => names.Select(name => name + suffix)).Order(), shapes.Keys.Order());
        Assert.Equal([4 * H, I], shapes["weight_ih_l0"]);
        Assert.Equal([4 * H, 2 * H], shapes["weight_ih_l1"]);
        Assert.Equal([3 * H, H], shapes["weight_hh_l1_reverse"]);
        Assert.Equal([H, H], shapes["weight_zh_l1_reverse"]);
        Assert.Equal([4 * H], shapes["bias_ih_l0"]);
        Assert.Equal([3 * H], shapes["bias_hh_l0"]);
        Assert.Equal([H], shapes["bias_zh_l0"]);

        using var noBias = new Lem(I, H, bias: false);
        Assert.Equal(["weight_hh_l0", "weight_ih_l0", "weight_zh_l0"], noBias.state_dict().Keys.Order());
    }

    [Fact]
    public void Start_IsUniformForEveryParameter()
    {
        using var scope = NewDisposeScope();
        using var net = new Lem(I, 59);
        var bound = 1 / Math.Sqrt(59);
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
    public void BothStates_StayWithinOne_HoweverLargeTheInputs_AndGradientsAreFinite()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var net = new Lem(I, H) { Backward = BackwardPath.HandWritten };
        var x = randn(2_000, 3, I).mul(1e4).requires_grad_(); // gates shut and open fully
        var (output, _, z) = net.call(x);
        Assert.InRange(output.abs().max().item<float>(), 0.9f, 1 + 1e-6f);
        Assert.InRange(z.abs().max().item<float>(), 0, 1 + 1e-6f);
        output.mul(randn_like(output)).sum().backward();
        net.ThrowIfFailed();
        Assert.All(net.parameters().Append(x), tensor => Assert.True(tensor.grad!.isfinite().all().item<bool>()));
    }

    [Fact]
    public void SmallTimeStep_KeepsBothStates_AndTheirGradients()
    {
        using var scope = NewDisposeScope();
        const int Steps = 100;
        const double TimeStep = 1e-7;
        using var net = new Lem(I, H, timeStep: TimeStep, dtype: ScalarType.Float64) { Backward = BackwardPath.HandWritten };
        var (y, z) = (Random(1, 3, H).requires_grad_(), Random(1, 3, H).requires_grad_());
        var (dY, dZ) = (Random(1, 3, H), Random(1, 3, H));
        var (_, yLast, zLast) = net.call(Random(Steps, 3, I), (y, z));
        yLast.mul(dY).sum().add(zLast.mul(dZ).sum()).backward();
        const double Change = 10 * Steps * TimeStep;
        Expect.Close(y, yLast, Change, "y");
        Expect.Close(z, zLast, Change, "z");
        Expect.Close(dY, y.grad!, Change, "dy");
        Expect.Close(dZ, z.grad!, Change, "dz");
    }

    [Theory]
    [InlineData(1, 1, 1, 1, true)]
    [InlineData(13, 2, 3, 2, false)]
    public void AnySizeAndOption_IsVerified(long steps, long batch, long hidden, long layers, bool bias)
    {
        using var net = new Lem(I, hidden, layers, timeStep: 0.31, bias: bias, batchFirst: true, bidirectional: layers > 1, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net, new GradientCheckOptions { Steps = steps, Batch = batch });
        Assert.True(report.Passed, report.ToJson());
    }

    [Fact]
    public void Option_IsThatOfEveryCellAndOfTheClone()
    {
        using var net = new Lem(I, H, numLayers: 2, timeStep: 0.0242, bidirectional: true);
        using var clone = net.Clone();
        Assert.All(new[] { net, clone }, made => Assert.Equal((0.0242, 0.0242), (made.TimeStep, ((LemCell)made.CellAt(1, 1)).TimeStep)));
        using var usual = new Lem(I, H);
        Assert.Equal(1, usual.TimeStep);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void TimeStep_ThatIsNoNumberAboveZero_IsRefused(double timeStep) => Expect.Message<ArgumentException>(
        $"timeStep: expected a number above 0, got {timeStep}.", () => new Lem(I, H, timeStep: timeStep));

    [Fact]
    public void WeightsOfAnotherShape_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var cell = new LemCell(I, H);
        Expect.Message<ArgumentException>("weight_hh: expected shape [21, 7], got [28, 7].", () => cell.weight_hh = new Parameter(zeros(28, 7)));
        var (x, state, weights) = (zeros(2, 3, I), cell.ZeroState(3), cell.Weights());
        Expect.Message<ArgumentException>("W_hh: expected [21, 7], got [28, 7].", () => new LayerBptt(cell).Forward(x, state, weights with { HiddenWeight = zeros(28, 7) }));
        Expect.Message<ArgumentException>("b_hh: expected [21], got [28].", () => new LayerBptt(cell).Forward(x, state, weights with { HiddenBias = zeros(28) }));
    }

    private static double[] Numbers(Tensor value) => value.detach().contiguous().data<double>().ToArray();

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
}
