using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cells;

/// <summary>From free numbers to an orthogonal matrix and back.</summary>
public sealed class SkewMapTests
{
    public static TheoryData<long, ScalarType> Sizes()
    {
        var data = new TheoryData<long, ScalarType>();
        foreach (var size in new long[] { 1, 2, 7, 33, 130 })
        {
            data.Add(size, ScalarType.Float32);
            data.Add(size, ScalarType.Float64);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Matrix_OfAnyNumbers_IsOrthogonalToRounding(long size, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        foreach (var scale in new[] { 0, 1e-6, 0.1, 1, 30 })
        {
            var w = SkewMap.Matrix(randn(size, size, dtype: dtype).mul(scale)); // [H, H]
            AssertOrthogonal(w, dtype == ScalarType.Float32 ? 3e-7 : 1e-12, $"H = {size}, {dtype}, scale {scale}");
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Matrix_EqualsLibtorchsExponential(long size, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var x = randn(size, size, dtype: dtype);
        var upper = x.to(ScalarType.Float64).triu(1);
        Expect.Close(matrix_exp(upper.sub(upper.t())), SkewMap.Matrix(x), dtype == ScalarType.Float32 ? 1e-7 : 1e-12, $"H = {size}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(33)]
    public void Gradient_ByAutogradAndByEquation_IsThatOfLibtorchsExponential(long size)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var dWeight = randn(size, size, dtype: ScalarType.Float64);
        var x = randn(size, size, dtype: ScalarType.Float64).requires_grad_();
        matrix_exp(x.triu(1).sub(x.triu(1).t())).mul(dWeight).sum().backward();
        var expected = x.grad!.clone();

        x.grad!.zero_();
        SkewMap.Matrix(x).mul(dWeight).sum().backward();

        Expect.Close(expected, x.grad, 1e-11, "autograd");
        Expect.Close(expected, SkewMap.Gradient(x.detach(), dWeight), 1e-11, "(3), (4)");
        Assert.Equal(0, expected.tril().abs().max().item<double>());
    }

    [Theory]
    [InlineData(ScalarType.Float32, 5e-7)]
    [InlineData(ScalarType.Float64, 1e-12)]
    public void RecurrentMatrix_AfterManyLargeSteps_IsOrthogonal(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        using var net = new OrthogonalRnn(3, 17, numLayers: 2, bidirectional: true, dtype: dtype);
        using var optimizer = optim.Adam(net.parameters(), 0.3);
        for (var step = 0; step < 60; step++)
        {
            using var stepScope = NewDisposeScope();
            optimizer.zero_grad();
            Gradient.Backward(net.call(randn(5, 2, 3, dtype: dtype)).Item1.square().mean());
            optimizer.step();
        }

        for (var index = 0; index < 4; index++)
        {
            var cell = (OrthogonalCell)net.CellAt(index / 2, index % 2);
            Assert.True(cell.skew_hh.abs().max().ToDouble() > 3, "the steps were too small to show anything");
            AssertOrthogonal(cell.RecurrentMatrix(), tolerance, $"cell {index}");
        }
    }

    [Fact]
    public void NumbersThatAreNotFinite_GiveNaN()
    {
        using var scope = NewDisposeScope();
        foreach (var number in new[] { double.NaN, double.PositiveInfinity })
        {
            var x = zeros(3, 3);
            x[0, 1].fill_(number);
            Assert.Contains(SkewMap.Matrix(x).data<float>(), float.IsNaN);
        }
    }

    internal static void AssertOrthogonal(Tensor w, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        var wide = w.detach().to(ScalarType.Float64);
        Expect.Close(eye(w.shape[0], dtype: ScalarType.Float64), wide.mm(wide.t()), tolerance, what);
    }
}
