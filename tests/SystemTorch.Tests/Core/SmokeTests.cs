using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class SmokeTests
{
    [Fact]
    public void Lstm_UnrolledByHand_HasFiniteGradients()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        const int T = 7, B = 3, I = 5, H = 2;
        var wIh = randn([4 * H, I], float64, requires_grad: true);
        var wHh = randn([4 * H, H], float64, requires_grad: true);
        var bias = zeros([4 * H], float64, requires_grad: true);
        var x = randn([T, B, I], float64);
        var h = zeros(B, H, float64);
        var c = zeros(B, H, float64);
        for (var step = 0; step < T; step++)
        {
            var z = bias.addmm(x.select(0, step), wIh.t()) + h.mm(wHh.t());
            var parts = z.chunk(4, 1);
            c = parts[1].sigmoid() * c + parts[0].sigmoid() * parts[2].tanh();
            h = parts[3].sigmoid() * c.tanh();
        }
        h.sum().backward();
        Assert.Equal([4 * H, I], wIh.grad!.shape);
        Assert.True(wIh.grad!.isfinite().all().item<bool>());
        Assert.True(wHh.grad!.abs().sum().item<double>() > 0);
        Assert.Equal("openmp", TorchSharp.Native.Blas.Kind);
    }
}
