using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class AutogradTests
{
    [Fact]
    public void Lstm_UnrolledByHand_AgreesWithFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        const int T = 5, B = 3, I = 7, H = 2;
        var wIh = randn([4 * H, I], float64, requires_grad: true);
        var wHh = randn([4 * H, H], float64, requires_grad: true);
        var bias = randn([4 * H], float64, requires_grad: true);
        var x = randn([T, B, I], float64);
        var cotangent = randn([B, H], float64);

        Tensor Loss()
        {
            var h = zeros(B, H, float64);
            var c = zeros(B, H, float64);
            for (var step = 0; step < T; step++)
            {
                var parts = (bias.addmm(x[step], wIh.t()) + h.mm(wHh.t())).chunk(4, 1);
                c = parts[1].sigmoid() * c + parts[0].sigmoid() * parts[2].tanh();
                h = parts[3].sigmoid() * c.tanh();
            }
            return (h * cotangent).sum();
        }

        Loss().backward();
        foreach (var parameter in new[] { wIh, wHh, bias })
        {
            var direction = randn_like(parameter);
            var slope = (parameter.grad! * direction).sum().item<double>();
            using var tapeless = no_grad();
            parameter.add_(direction, 1e-6);
            var above = Loss().item<double>();
            parameter.add_(direction, -2e-6);
            Assert.Equal((above - Loss().item<double>()) / 2e-6, slope, 1e-7 * Math.Max(1, Math.Abs(slope)) * 10);
            parameter.add_(direction, 1e-6);
        }
    }

    [Fact]
    public void Grad_UnusedInput_IsInvalidAndNotNull()
    {
        using var scope = NewDisposeScope();
        var x = randn([3], requires_grad: true);
        var unused = randn([5], requires_grad: true);
        var gradients = autograd.grad([(x * x).sum()], [x, unused], allow_unused: true);
        Assert.False(gradients[0].IsInvalid);
        Assert.NotNull(gradients[1]);
        Assert.True(gradients[1].IsInvalid);
        Assert.Null(x.grad);
    }

    [Fact]
    public void SecondOrder_OfBuiltInOperations_IsRight()
    {
        using var scope = NewDisposeScope();
        var x = randn([7], float64, requires_grad: true);
        var first = autograd.grad([x.tanh().sum()], [x], retain_graph: true, create_graph: true)[0];
        var second = autograd.grad([first.sum()], [x])[0];
        var t = x.tanh().detach();
        Assert.True((-2 * t * (1 - t * t)).allclose(second, 1e-10));
    }

    [Fact]
    public void Backward_WithInputs_FillsThoseAlone()
    {
        using var scope = NewDisposeScope();
        var x = randn([3], requires_grad: true);
        var y = randn([3], requires_grad: true);
        (x * y).sum().backward(inputs: [x]);
        Assert.True(y.detach().Equals(x.grad!));
        Assert.Null(y.grad);
        autograd.backward([(x * y).sum(), y.sum()], [ones([]), full([], 2f)]);
        Assert.True((x + 2).detach().allclose(y.grad!));
    }

    [Fact]
    public void RetainGrad_KeepsWhatPassesThrough()
    {
        using var scope = NewDisposeScope();
        var x = ones([3], requires_grad: true);
        var middle = x * 2;
        middle.retain_grad();
        (middle * middle).sum().backward();
        Assert.Equal([4f, 4f, 4f], middle.grad!.data<float>().ToArray());
        Assert.False(middle.is_leaf);
        x.grad = null;
        Assert.Null(x.grad);
        x.grad = ones(3);
        Assert.Equal(3, x.grad!.sum().item<float>());
    }

    [Fact]
    public void GradMode_BelongsToTheThread_AndIsPutBack()
    {
        Assert.True(is_grad_enabled());
        using (no_grad())
        {
            Assert.False(is_grad_enabled());
            var other = true;
            var thread = new Thread(() => other = is_grad_enabled());
            thread.Start();
            thread.Join();
            Assert.True(other);
            using (enable_grad())
            {
                Assert.True(is_grad_enabled());
            }
            Assert.False(is_grad_enabled());
        }
        Assert.True(is_grad_enabled());
        using (inference_mode())
        {
            Assert.True(is_inference_mode_enabled());
            Assert.False(ones([2], requires_grad: true).mul(2).requires_grad);
        }
        Assert.False(is_inference_mode_enabled());
        Assert.True(is_grad_enabled());
    }

    [Fact]
    public void Detach_SharesMemory_Clone_DoesNot()
    {
        using var scope = NewDisposeScope();
        var x = ones([3], requires_grad: true);
        x.detach().fill_(5);
        Assert.Equal(15, x.sum().item<float>());
        x.detach().clone().fill_(7);
        Assert.Equal(15, x.sum().item<float>());
        Assert.True(x.alias().requires_grad);
        Assert.False(x.detach().requires_grad);
    }
}
