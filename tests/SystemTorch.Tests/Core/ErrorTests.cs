using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

/// <summary>What libtorch refuses becomes an exception that names the operator and the shapes.</summary>
public class ErrorTests
{
    public static readonly TheoryData<string, string, Action> BadCalls = new()
    {
        { "mm", "([2, 3], [5, 7])", () => ones(2, 3).mm(ones(5, 7)) },
        { "matmul", "([2, 3], [5, 7])", () => ones(2, 3).matmul(ones(5, 7)) },
        { "add", "([2, 3], [5])", () => ones(2, 3).add(ones(5)) },
        { "addmm", "([2], [2, 3], [5, 7])", () => ones(2).addmm(ones(2, 3), ones(5, 7)) },
        { "cat", "([2, 3], [2, 5])", () => cat([ones(2, 3), ones(2, 5)]) },
        { "view", "([2, 3])", () => ones(2, 3).view(7) },
        { "add_", "([2], [3])", () => ones(2).add_(ones(3)) },
        { "linalg_inv", "([2, 3])", () => linalg.inv(ones(2, 3)) },
        { "einsum", "([2, 3], [5, 7])", () => einsum("ij,jk->ik", ones(2, 3), ones(5, 7)) },
    };

    [Theory]
    [MemberData(nameof(BadCalls))]
    public void BadShapes_Throw_NamingOperatorAndShapes(string op, string shapes, Action call)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(call);
        Assert.StartsWith($"{op}{shapes}: ", error.Message);
        Assert.DoesNotContain("frame #", error.Message);
    }

    [Fact]
    public void Backward_OfANonScalar_OrTwice_Throws()
    {
        using var scope = NewDisposeScope();
        var x = ones([3], requires_grad: true);
        Assert.Throws<ExternalException>(() => (x * 2).backward());
        var loss = (x * x).sum();
        loss.backward();
        Assert.Throws<ExternalException>(() => loss.backward());
        Assert.Throws<ExternalException>(() => ones(1).backward());
    }

    [Fact]
    public void Grad_WithAnUnrelatedShape_Throws()
    {
        using var scope = NewDisposeScope();
        var x = ones([3], requires_grad: true);
        Assert.Throws<ExternalException>(() => autograd.grad([x * 2], [x], [ones(5)]));
        Assert.Throws<ExternalException>(() => autograd.grad([(x * 2).sum()], [ones([2], requires_grad: true)]));
    }

    [Fact]
    public void InPlace_OnALeafThatRequiresGrad_Throws()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ExternalException>(() => ones([3], requires_grad: true).add_(1));
        Assert.Throws<ExternalException>(() => ones([3], ScalarType.Int64, requires_grad: true));
    }

    [Fact]
    public void Disposed_Tensor_ThrowsWhereverItIsUsed()
    {
        var x = ones(3);
        x.Dispose();
        x.Dispose();
        Assert.Throws<InvalidOperationException>(() => x + 1);
        Assert.Throws<InvalidOperationException>(() => x.shape);
        Assert.Throws<InvalidOperationException>(() => cat([x]));
        Assert.Throws<InvalidOperationException>(() => autograd.backward(x));
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("expected 6 values", Assert.Throws<ArgumentException>(() => tensor(new[] { 1f, 2f }, [2L, 3L])).Message);
        Assert.Contains("[2]", Assert.Throws<ArgumentException>(() => ones(2).item<float>()).Message);
        Assert.Throws<InvalidOperationException>(() => ones([2], device: CUDA));
        Assert.Throws<ArgumentException>(() => device("gpu:0"));
        Assert.Throws<ArgumentException>(() => ones(2).data<double>());
        Assert.Throws<NotImplementedException>(() => ones(2, 3).t().bytes.Length);
    }
}
