using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The autograd path can be differentiated twice.</summary>
public sealed class SecondDerivativeTests
{
    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void GradientOfTheGradient_EqualsFiniteDifferences(string name)
    {
        const double step = 1e-5;
        using var scope = NewDisposeScope();
        using var net = new NetCase(name, Layers: 2, I: 3, H: 5).Ours(BackwardPath.Autograd);
        var x = randn(7, 2, 3, dtype: ScalarType.Float64).requires_grad_();
        var cotangent = randn(7, 2, 5, dtype: ScalarType.Float64);
        var direction = randn_like(x).detach();

        // d/dx of ⟨∂L/∂x, v⟩ is the Hessian times v.
        var product = autograd.grad([Gradient(x, createGraph: true).mul(direction).sum()], [x])[0];
        var above = Gradient(x.detach().add(direction.mul(step)).requires_grad_(), createGraph: false);
        var below = Gradient(x.detach().sub(direction.mul(step)).requires_grad_(), createGraph: false);
        Assert.NotEqual(0, product.abs().max().item<double>());
        Expect.Close(above.sub(below).div(2 * step), product, 1e-7, name);

        Tensor Gradient(Tensor at, bool createGraph)
        {
            var loss = net.Run(at, [])[0].mul(cotangent).sum();
            return autograd.grad([loss], [at], retain_graph: createGraph, create_graph: createGraph)[0];
        }
    }
}
