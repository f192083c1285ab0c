using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Verification;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The orthogonal net as a module.</summary>
public sealed class OrthogonalRnnTests
{
    [Fact]
    public void Step_IsTheEquations()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var cell = new OrthogonalCell(5, 11, dtype: ScalarType.Float64);
        using (no_grad())
        {
            cell.bias.copy_(randn(11, dtype: ScalarType.Float64).mul(0.5));
        }

        var (x, h) = (randn(3, 5, dtype: ScalarType.Float64), randn(3, 11, dtype: ScalarType.Float64));
        var z = x.mm(cell.weight_ih.t()).add(h.mm(cell.RecurrentMatrix().t()));
        var (magnitude, b) = (z.abs(), cell.bias.expand(3, 11));
        var expected = where(magnitude.add(b).gt(0), z.sign().mul(magnitude.add(b)), zeros_like(z));
        Expect.Close(expected, cell.call(x, h), 1e-13, "h");
        Assert.True(expected.eq(0).any().item<bool>());
        Assert.True(expected.ne(0).any().item<bool>());
    }

    [Fact]
    public void Derivatives_AtTheKinksOfModRelu_AreZero()
    {
        using var scope = NewDisposeScope();
        using var cell = new OrthogonalCell(3, 3, dtype: ScalarType.Float64);
        using (no_grad())
        {
            cell.weight_ih.copy_(eye(3, dtype: ScalarType.Float64));
            cell.bias.copy_(tensor([-0.5, 0.5, -0.5], dtype: ScalarType.Float64));
        }

        // |z| = -b, z = 0 with b above zero, and, third, a unit that is alive.
        var x = tensor([0.5, 0.0, -2.0], dtype: ScalarType.Float64).view(1, 1, 3);
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            using var net = new Recurrent(3, (_, _, _) => Copy(cell)) { Backward = path };
            var leaf = x.clone().requires_grad_();
            var output = net.call(leaf).Output;
            Gradient.Backward(output.mul(tensor([3.0, 5.0, 7.0], dtype: ScalarType.Float64)).sum());
            Expect.Close(tensor([0.0, 0.0, -1.5], dtype: ScalarType.Float64).view(1, 1, 3), output, 1e-15, "h");
            Expect.Close(tensor([0.0, 0.0, 7.0], dtype: ScalarType.Float64).view(1, 1, 3), leaf.grad!, 1e-15, $"{path} dx");
            Expect.Close(tensor([0.0, 0.0, -7.0], dtype: ScalarType.Float64), net.get_parameter("bias_l0")!.grad!, 1e-15, $"{path} db");
        }

        static OrthogonalCell Copy(OrthogonalCell cell)
        {
            var copy = new OrthogonalCell(3, 3, dtype: ScalarType.Float64);
            copy.load_state_dict(cell.state_dict());
            return copy;
        }
    }

    [Fact]
    public void Keys_AreThoseOfTheCellWithLayerAndDirection()
    {
        using var net = new OrthogonalRnn(5, 11, numLayers: 2, bidirectional: true);
        string[] names = ["weight_ih", "skew_hh", "bias"];
        string[] suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
        Assert.Equal(suffixes.SelectMany(suffix => names.Select(name => name + suffix)).Order(), net.state_dict().Keys.Order());
        Assert.Equal([11L, 22L], net.get_parameter("weight_ih_l1")!.shape);
        Assert.Equal([11L, 11L], net.get_parameter("skew_hh_l1")!.shape);
        Assert.Equal(BackwardPath.HandWritten, net.EffectiveBackward);
        Assert.False(net.Supports(BackwardPath.Native));
    }

    [Fact]
    public void GradientOfWhatIsNotRead_IsZero()
    {
        using var scope = NewDisposeScope();
        using var net = new OrthogonalRnn(5, 11, dtype: ScalarType.Float64);
        Gradient.Backward(net.call(randn(7, 3, 5, dtype: ScalarType.Float64)).Item1.square().sum());
        var gradient = net.get_parameter("skew_hh_l0")!.grad!;
        Assert.Equal(0, gradient.tril().abs().max().item<double>());
        Assert.True(gradient.triu(1).ne(0).sum().item<long>() > 50);
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(13, 2, 3, 2)]
    public void AnySize_IsVerified(long steps, long batch, long hidden, long layers)
    {
        manual_seed(1); // some weights lie at a kink of (3), where a finite difference is no derivative
        using var net = new OrthogonalRnn(5, hidden, layers, batchFirst: true, bidirectional: layers > 1, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net, new GradientCheckOptions { Steps = steps, Batch = batch });
        Assert.True(report.Passed, report.ToJson());
        Assert.Contains("equations", report.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Module_MadeInAScope_OutlivesItAndFreesAllWhenDisposed()
    {
        var before = Expect.LiveTensors;
        OrthogonalRnn net;
        using (NewDisposeScope())
        {
            net = new OrthogonalRnn(5, 11, numLayers: 2);
        }

        Assert.Equal(before + 6, Expect.LiveTensors);
        net.to(ScalarType.Float64);
        Assert.Equal(before + 6, Expect.LiveTensors);
        using (NewDisposeScope())
        {
            var results = Expect.LiveTensors;
            net.call(zeros(7, 3, 5, dtype: ScalarType.Float64));
            Assert.Equal(results + 3 + 4, Expect.LiveTensors); // the input, two results, and an empty tensor for each of the two outputs of two nodes
        }

        net.Dispose();
        Assert.Equal(before, Expect.LiveTensors);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void NormOfTheGradient_StaysOverAThousandSteps(bool henaff)
    {
        using var scope = NewDisposeScope();
        manual_seed(9);
        using var net = new OrthogonalRnn(5, 16, dtype: ScalarType.Float64);
        (henaff ? Initialisers.Henaff() : Initialisers.Cayley()).Apply(net);
        using (no_grad())
        {
            net.get_parameter("bias_l0")!.zero_(); // modReLU is then the identity
        }

        var h0 = randn(1, 3, 16, dtype: ScalarType.Float64).requires_grad_();
        var cotangent = randn(1, 3, 16, dtype: ScalarType.Float64);
        var (_, hN) = net.call(zeros(1_000, 3, 5, dtype: ScalarType.Float64), h0);
        Gradient.Backward(hN.mul(cotangent).sum());
        Expect.Close(cotangent.square().sum(dim: 2), h0.grad!.square().sum(dim: 2), 1e-9, "norms");
        Expect.Close(h0.square().sum(dim: 2), hN.square().sum(dim: 2), 1e-9, "norms of the state");
    }
}
