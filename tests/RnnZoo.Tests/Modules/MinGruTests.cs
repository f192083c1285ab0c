using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>What the minGRU computes, and its parameters.</summary>
public sealed class MinGruTests
{
    private const long I = 5;
    private const long H = 7;

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.HandWritten)]
    public void Output_IsTheWeightedMeanOfWhatCameBefore(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new MinGru(I, H, dtype: ScalarType.Float64) { Backward = path };
        var (x, h0) = (randn(11, 3, I, dtype: ScalarType.Float64), randn(1, 3, H, dtype: ScalarType.Float64));
        var (weight, bias) = (net.get_parameter("weight_ih_l0")!.chunk(2, 0), net.get_parameter("bias_ih_l0")!.chunk(2, 0));
        var z = x.matmul(weight[0].t()).add(bias[0]).sigmoid(); // [T, B, H]
        var candidate = x.matmul(weight[1].t()).add(bias[1]); // [T, B, H]

        // h_T = h_0 Π(1 - z_s) + Σ_t z_t g_t Π_{s>t}(1 - z_s), without a recurrence.
        var keep = ones_like(z).sub(z);
        var expected = h0[0].mul(keep.prod(0, false));
        for (var t = 0; t < 11; t++)
        {
            var later = t == 10 ? ones(3, H, dtype: ScalarType.Float64) : keep.narrow(0, t + 1, 10 - t).prod(0, false);
            expected = expected.add(z[t].mul(candidate[t]).mul(later));
        }

        var (output, final) = net.call(x, h0);
        Expect.Close(expected, final[0], 1e-13, "h_T");
        Expect.Close(expected, output[10], 1e-13, "output");
    }

    [Fact]
    public void Keys_AreThoseOfTheInputAlone()
    {
        using var net = new MinGru(I, H, numLayers: 2, bidirectional: true);
        var shapes = net.state_dict().ToDictionary(item => item.Key, item => item.Value.shape);
        Assert.Equal(
            ["bias_ih_l0", "bias_ih_l0_reverse", "bias_ih_l1", "bias_ih_l1_reverse", "weight_ih_l0", "weight_ih_l0_reverse", "weight_ih_l1", "weight_ih_l1_reverse"],
            shapes.Keys.Order());
        Assert.Equal([2 * H, I], shapes["weight_ih_l0"]);
        Assert.Equal([2 * H, 2 * H], shapes["weight_ih_l1_reverse"]);
        Assert.Equal([2 * H], shapes["bias_ih_l0"]);
    }

    [Fact]
    public void Chrono_MakesTheStateLast()
    {
        using var scope = NewDisposeScope();
        using var net = new MinGru(I, 101);
        using var generator = new Generator(7);
        Initialisers.Chrono(50).Apply(net, generator);
        var keep = net.get_parameter("bias_ih_l0")!.narrow(0, 0, 101).sigmoid().neg().add(1); // [H]: 1 - z without input
        Assert.InRange(keep.min().item<float>(), 0.5f, 0.6f);
        Assert.InRange(keep.max().item<float>(), 0.97f, 1 - (1 / 50f) + 1e-4f);
        Expect.Message<ArgumentException>(
            "orthogonal: expected a cell with recurrent weights weight_hh made of blocks [H, H], got MinGruCell; fill its parameters yourself.",
            () => Initialisers.Orthogonal().Apply(net));
        Initialisers.Default().Then(Initialisers.Xavier()).Then(Initialisers.OneHotInput()).Apply(net, generator);
    }

    [Fact]
    public void LongSequence_KeepsEveryGradientFinite()
    {
        using var scope = NewDisposeScope();
        using var net = new MinGru(I, H, dtype: ScalarType.Float64);
        var x = randn(5_000, 1, I, dtype: ScalarType.Float64).mul(30).requires_grad_(); // gates shut and open fully
        net.call(x).Item1.mul(randn(5_000, 1, H, dtype: ScalarType.Float64)).sum().backward();
        Assert.All(net.parameters().Append(x), tensor => Assert.True(tensor.grad!.isfinite().all().item<bool>()));
        net.ThrowIfFailed();
    }
}
