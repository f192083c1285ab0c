using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Verification;

/// <summary>The measure behind every comparison.</summary>
public sealed class TensorDistanceTests
{
    [Fact]
    public void Relative_IsToTheLargestOfB_AndSaysWhere()
    {
        using var scope = NewDisposeScope();
        var b = tensor(new double[] { 1, -4, 0.5, 2, 0, 3 }).reshape(2, 3);
        var a = b.clone();
        a[1, 2].add_(0.002);
        a[0, 0].sub_(0.001);
        var distance = TensorDistance.Relative(a, b, 1e-3);
        Assert.True(distance.Passed);
        Assert.Equal(0.002, distance.MaxAbsolute, 1e-12);
        Assert.Equal(0.0005, distance.MaxRelative, 1e-12);
        Assert.Equal([1L, 2L], distance.Index);
        Assert.False(TensorDistance.Relative(a, b, 4e-4).Passed);
    }

    [Fact]
    public void ZeroReference_IsComparedAbsolutely()
    {
        using var scope = NewDisposeScope();
        var b = zeros(2, 3, dtype: ScalarType.Float64);
        var distance = TensorDistance.Relative(b.add(0.25), b, 0.3);
        Assert.Equal((0.25, 0.25, true), (distance.MaxAbsolute, distance.MaxRelative, distance.Passed));
        Assert.True(TensorDistance.Relative(b, b, 1e-10).Passed);
    }

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(1, double.NaN)]
    [InlineData(double.NaN, double.NaN)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1, double.PositiveInfinity)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    public void NumbersThatAreNotFinite_FailEitherWay(double left, double right)
    {
        using var scope = NewDisposeScope();
        var a = tensor(new[] { 1, left, 2 });
        var b = tensor(new[] { 1, right, 2 });
        Assert.False(TensorDistance.Relative(a, b, 1e300).Passed);
        Assert.False(TensorDistance.EachWithin(a, b, 1e300, 1).Passed);
        Assert.Equal([1L], TensorDistance.Relative(a, b, 1).Index);
    }

    [Fact]
    public void EachWithin_LooksAtEveryNumber()
    {
        using var scope = NewDisposeScope();
        var b = tensor(new[] { 1000.0, 1e-3 });
        Assert.True(TensorDistance.EachWithin(b.add(5e-6), b, 1e-5, 1e-3).Passed);
        Assert.False(TensorDistance.EachWithin(b.add(2e-5), b, 1e-5, 1e-3).Passed);
        Assert.True(TensorDistance.EachWithin(b.mul(1.0009), b, 1e-5, 1e-3).Passed);
    }

    [Fact]
    public void DifferentShapesAndNothingAtAll_AreErrors()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => TensorDistance.Relative(zeros(2, 3), zeros(3, 2), 1));
        Assert.Throws<ArgumentException>(() => TensorDistance.Relative(zeros(0), zeros(0), 1));
    }
}
