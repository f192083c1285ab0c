using RnnZoo.Bptt;
using RnnZoo.Kernels;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace RnnZoo.Tests.Bptt;

public sealed class ReadoutLossTests
{
    private static readonly (int Rows, int Hidden, int Classes)[] Sizes = [(1, 1, 1), (7, 5, 3), (97, 17, 33), (5, 130, 2), (211, 16, 7), (384, 33, 73), (13, 8, 256)];

    [Theory]
    [InlineData(ScalarType.Float64, 1e-12)]
    [InlineData(ScalarType.Float32, 2e-5)]
    public void LossAndGradients_OddSizes_EqualTensorOperations(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var before = get_num_threads();
        try
        {
            foreach (var (rows, hidden, classes) in Sizes)
            {
                foreach (var bias in new[] { true, false })
                {
                    set_num_threads(1 + (rows % 2));
                    Compare(rows, hidden, classes, bias, dtype, tolerance, generator);
                }
            }
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public unsafe void EveryVectorWidthAndThreadCount_SameResult()
    {
        var random = new Random(1);
        var (rows, hidden, classes) = (389, 19, 13);
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() - 0.5)];
        var (features, weight, bias) = (Draw(rows * hidden), Draw(classes * hidden), Draw(classes));
        long[] targets = [.. Enumerable.Range(0, rows).Select(_ => random.NextInt64(classes))];
        double[]? expected = null;
        foreach (var width in Enum.GetValues<VectorWidth>())
        {
            for (var threads = 1; threads <= 3; threads++)
            {
                var (dFeatures, dWeight, dBias) = (new double[rows * hidden], new double[classes * hidden], new double[classes]);
                fixed (double* f = features, w = weight, b = bias, df = dFeatures, dw = dWeight, db = dBias)
                fixed (long* t = targets)
                {
                    var loss = ReadoutKernel.Run(
                        new ReadoutArguments<double> { Rows = rows, Hidden = hidden, Classes = classes, Features = f, Weight = w, Bias = b, Targets = t, DFeatures = df, DWeight = dw, DBias = db },
                        threads, width);
                    double[] got = [loss, .. dFeatures, .. dWeight, .. dBias];
                    expected ??= got;
                    Assert.All(expected.Zip(got), pair => Assert.Equal(pair.First, pair.Second, 1e-13));
                }
            }
        }
    }

    [Fact]
    public void IgnoredTargets_CountNowhere()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var (features, weight) = (Leaf(ScalarType.Float64, generator, 5, 3), Leaf(ScalarType.Float64, generator, 7, 3));
        var targets = tensor(new long[] { 1, -100, 6, -100, 0 });
        var counted = tensor(new long[] { 0, 2, 4 });
        var expected = nn.functional.cross_entropy(features.index_select(0, counted).mm(weight.t()), targets.index_select(0, counted));
        var loss = Loss(features, weight, null, targets);
        Expect.Close(expected, loss, 1e-12, "loss");
        var (want, got) = (grad([expected], [features, weight]), grad([loss], [features, weight]));
        Expect.Close(want[0], got[0], 1e-12, "features");
        Expect.Close(want[1], got[1], 1e-12, "weight");
        Assert.True(double.IsNaN(Loss(features, weight, null, full([5], -100L, dtype: ScalarType.Int64)).ToDouble()));
    }

    [Fact]
    public void NaNFeature_MakesTheLossNaN()
    {
        using var scope = NewDisposeScope();
        var features = zeros(3, 2);
        features[1, 0] = float.NaN;
        Assert.True(float.IsNaN(Loss(features, zeros(5, 2), null, zeros(3, dtype: ScalarType.Int64)).ToSingle()));
    }

    [Fact]
    public void LargeLogits_StayFinite()
    {
        using var scope = NewDisposeScope();
        var weight = tensor(new[] { 1e4f, -1e4f, 0f }).reshape(3, 1).requires_grad_();
        var features = tensor(new[] { 1f, -3f }).reshape(2, 1);
        var targets = tensor(new long[] { 1, 1 });
        var loss = Loss(features, weight, null, targets);
        Expect.Close(nn.functional.cross_entropy(features.mm(weight.t()), targets), loss, 1e-6, "loss");
        Assert.True(grad([loss], [weight])[0].isfinite().all().ToBoolean());
    }

    [Fact]
    public void Differentiated_TwiceAndScaledAndFrozen_EqualsTensorOperations()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        var (features, weight, bias) = (Leaf(ScalarType.Float64, generator, 5, 3), Leaf(ScalarType.Float64, generator, 7, 3), Leaf(ScalarType.Float64, generator, 7));
        var targets = tensor(new long[] { 1, 2, 6, 3, 0 });
        Expect.Close(Second(ByOperations(features, weight, bias, targets)), Second(Loss(features, weight, bias, targets)), 1e-12, "second gradient");
        Expect.Close(grad([ByOperations(features, weight, bias, targets).mul(-2.5)], [bias])[0], grad([Loss(features, weight, bias, targets).mul(-2.5)], [bias])[0], 1e-12, "scaled");
        var frozen = weight.detach();
        Expect.Close(grad([ByOperations(features, frozen, bias, targets)], [features])[0], grad([Loss(features, frozen, bias, targets)], [features])[0], 1e-12, "frozen weight");
        Assert.False(Loss(features.detach(), frozen, null, targets).requires_grad);

        Tensor Second(Tensor loss) => grad([grad([loss], [features], create_graph: true, retain_graph: true)[0].pow(2).sum()], [weight])[0];
    }

    [Fact]
    public void WeightChangedBeforeBackward_IsFound()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var (features, weight) = (Leaf(ScalarType.Float64, generator, 5, 3), Leaf(ScalarType.Float64, generator, 7, 3));
        var loss = Loss(features, weight, null, zeros(5, dtype: ScalarType.Int64));
        using (no_grad())
        {
            weight.add_(1);
        }

        Assert.Throws<BackwardFailedException>(() => Gradient.Backward(loss));
        Assert.Null(features.grad);
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        var targets = zeros(5, dtype: ScalarType.Int64);
        Expect.Message<ArgumentException>("weight: expected [V, H] with H = 3, got [7, 2].", () => Loss(zeros(5, 3), zeros(7, 2), null, targets));
        Expect.Message<ArgumentException>("targets: expected [N] with N = 4, got [5].", () => Loss(zeros(4, 3), zeros(7, 3), null, targets));
        Expect.Message<ArgumentException>("targets: expected classes from 0 to 6, got 7.", () => Loss(zeros(5, 3), zeros(7, 3), null, targets + 7));
        Expect.Message<ArgumentException>("features: expected [N, H], got [5].", () => Loss(zeros(5), zeros(7, 3), null, targets));
        Expect.Message<ArgumentException>("targets: expected dtype Int64 on cpu, got Float32 on cpu; convert it with .to(...).", () => Loss(zeros(5, 3), zeros(7, 3), null, zeros(5)));
    }

    private static void Compare(int rows, int hidden, int classes, bool withBias, ScalarType dtype, double tolerance, Generator generator)
    {
        var (features, weight, bias) = (Leaf(dtype, generator, rows, hidden), Leaf(dtype, generator, classes, hidden), withBias ? Leaf(dtype, generator, classes) : null);
        var targets = randint(0, classes, new long[] { rows }, dtype: ScalarType.Int64, generator: generator);
        Tensor[] asked = [features, weight, .. bias is null ? Array.Empty<Tensor>() : [bias]];
        var (want, got) = (ByOperations(features, weight, bias, targets), Loss(features, weight, bias, targets));
        var name = $"N {rows} H {hidden} V {classes} bias {withBias}";
        Expect.Close(want, got, tolerance, $"{name} loss");
        var (expected, gradients) = (grad([want.mul(rows)], asked), grad([got.mul(rows)], asked));
        for (var i = 0; i < asked.Length; i++)
        {
            Expect.Close(expected[i], gradients[i], tolerance, $"{name} gradient {i}");
        }
    }

    private static Tensor Leaf(ScalarType dtype, Generator generator, params long[] shape) => randn(shape, dtype: dtype, generator: generator).requires_grad_();

    private static Tensor ByOperations(Tensor features, Tensor weight, Tensor? bias, Tensor targets) =>
        nn.functional.cross_entropy(nn.functional.linear(features, weight, bias), targets);

    private static Tensor Loss(Tensor features, Tensor weight, Tensor? bias, Tensor targets) =>
        ReadoutLoss.Run(features, weight, bias, targets, new BackwardFailures("test"), new TapePool());
}
