using RnnZoo.Gradients;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Products of Jacobians against autograd, known cases, and singular values found with 600 digits.</summary>
public sealed class JacobianProductTests
{
    private const double Tolerance = 1e-9; // of ln σ, for well-conditioned factors

    private static readonly string[] IllConditioned = ["graded-rows", "graded-columns", "near-singular"]; // 1e12 to 1e13; the others up to 1e7

    public static TheoryData<string, int> NonNormal()
    {
        var data = new TheoryData<string, int>();
        foreach (var kind in Matrices.Kinds)
        {
            foreach (var span in (int[])[1, 2, 7, 50])
            {
                data.Add(kind, span);
            }
        }

        return data;
    }

    public static TheoryData<string, int> CellsAndSpans()
    {
        var data = new TheoryData<string, int>();
        foreach (var cell in (string[])["tanh", "linear", "lstm", "gru"])
        {
            data.Add(cell, 3);
            data.Add(cell, 50);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(NonNormal))]
    public void LogSingularValues_OfPowers_MatchHighPrecision(string kind, int span)
    {
        using var scope = NewDisposeScope();
        var w = Matrices.Make(kind);

        var values = JacobianProduct.Power(w, span).LogSingularValues();

        var expected = HighPrecision.LogSingularValues([.. Enumerable.Repeat(w, span)]);
        Equal(expected, values, $"{kind}, {span}", IllConditioned.Contains(kind) ? 1e-3 : 1e-7); // as JacobianProduct's remarks say
        Assert.Equal(expected[0], values[0], 1e-8);
    }

    [Theory]
    [MemberData(nameof(CellsAndSpans))]
    public void LogSingularValues_OfTrajectories_MatchHighPrecision(string cell, int span)
    {
        using var scope = NewDisposeScope();
        manual_seed(21);
        using var net = JacobianNet.Make(cell, steps: 53, batch: 2, hidden: 3);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        var product = trajectory.Product(from: 2, to: 2 + span, sequence: 1);

        Tensor[] factors = [.. Enumerable.Range(3, span).Select(t => trajectory.At(t, 1))];
        Equal(HighPrecision.LogSingularValues(factors), product.LogSingularValues(), cell);
        Assert.Equal(product.LogSingularValues()[0], product.LogNorm());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(50)]
    public void LogSingularValues_OfReluNets_AreExactlyZeroWhereUnitsAreOff(int span)
    {
        using var scope = NewDisposeScope();
        manual_seed(22);
        using var net = JacobianNet.Make("relu", steps: 53, batch: 2, hidden: 6);
        using (no_grad())
        {
            net.Module.CellAt(0).get_parameter("weight_hh")!.mul_(3);
        }

        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        var values = trajectory.Product(0, span).LogSingularValues();

        Tensor[] factors = [.. Enumerable.Range(1, span).Select(t => trajectory.At(t, 0))];
        Assert.Contains(double.NegativeInfinity, values);
        var rounded = HighPrecision.LogSingularValues(factors); // zero comes out as 2^-2000 or so
        Equal([.. rounded.Select(value => value < rounded[0] - 1_300 ? double.NegativeInfinity : value)], values, $"relu, {span}");
    }

    [Theory]
    [InlineData("tanh")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void LogSingularValues_OfEverySpan_MatchAutograd(string cell)
    {
        using var scope = NewDisposeScope();
        manual_seed(23);
        using var net = JacobianNet.Make(cell);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);
        for (var from = 0; from < 5; from++)
        {
            for (var to = from + 1; to <= 5; to++)
            {
                var expected = linalg.svdvals(net.ByAutograd(from, to)[1]).log().data<double>().ToArray(); // [S]
                var product = trajectory.Product(from, to, sequence: 1);
                Assert.Equal(expected[0], product.LogNorm(), 1e-10);
                // What svdvals finds is good relative to the largest.
                Assert.All(expected.Zip(product.LogSingularValues()), pair => Assert.Equal(pair.First, pair.Second, 1e-12 * Math.Exp(expected[0] - pair.First) + 1e-10));
            }
        }
    }

    [Fact]
    public void Product_OfALinearNet_IsThePowerOfW()
    {
        using var scope = NewDisposeScope();
        manual_seed(24);
        using var net = JacobianNet.Make("linear", steps: 50);
        var w = net.Module.CellAt(0).get_parameter("weight_hh")!;
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        var product = trajectory.Product(9, 50);

        Assert.Equal((41, 7), (product.Count, product.Size));
        Equal(HighPrecision.LogSingularValues([.. Enumerable.Repeat<Tensor>(w, 41)]), product.LogSingularValues(), "W^41");
    }

    [Fact]
    public void LogSingularValues_OfADiagonalMatrix_AreItsPowers()
    {
        using var scope = NewDisposeScope();
        double[] diagonal = [1e-3, -2, 0.5, 1e-9, 0, 1];

        var values = JacobianProduct.Power(diag(tensor(diagonal)), 1_000).LogSingularValues();

        var expected = diagonal.Select(value => 1_000 * Math.Log(Math.Abs(value))).OrderDescending();
        Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        Assert.Equal(double.NegativeInfinity, values[^1]);
    }

    [Fact]
    public void LogSingularValues_OfANilpotentMatrix_ReachExactlyZero()
    {
        using var scope = NewDisposeScope();
        manual_seed(25);
        var nilpotent = randn(5, 5, dtype: ScalarType.Float64).triu(1); // N^5 = 0
        for (var exponent = 1; exponent < 5; exponent++)
        {
            var product = JacobianProduct.Power(nilpotent, exponent);
            Equal(HighPrecision.LogSingularValues([.. Enumerable.Repeat(nilpotent, exponent)]), product.LogSingularValues(), $"N^{exponent}");
        }

        var zero = JacobianProduct.Power(nilpotent, 5);
        Assert.Equal(double.NegativeInfinity, zero.LogNorm());
        Assert.All(zero.LogSingularValues(), value => Assert.Equal(double.NegativeInfinity, value));
    }

    [Fact]
    public void LogSingularValues_WithABottleneckOverTwoSteps_ReachZero()
    {
        using var scope = NewDisposeScope();
        // The first factor lets one of two pairs through as a line, the second the other one.
        var first = block_diag(ones(2, 2, dtype: ScalarType.Float64), eye(2, dtype: ScalarType.Float64));
        var second = block_diag(eye(2, dtype: ScalarType.Float64), ones(2, 2, dtype: ScalarType.Float64));

        var product = Of(first, second);

        double[] expected = [Math.Log(2), Math.Log(2), double.NegativeInfinity, double.NegativeInfinity];
        Assert.All(expected.Zip(product.LogSingularValues()), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void LogSingularValues_BesideLostDirections_AreMeantDownToTheirLimit()
    {
        using var scope = NewDisposeScope();
        // A Jordan block: det W = 1e-24, so each factor loses a direction that is not zero.
        var jordan = eye(12, dtype: ScalarType.Float64).mul(0.01).add(ones(11, dtype: ScalarType.Float64).diag(1));

        var values = JacobianProduct.Power(jordan, 6).LogSingularValues();

        var expected = HighPrecision.LogSingularValues([.. Enumerable.Repeat(jordan, 6)]);
        var limit = expected[0] + Math.Log(1e-10);
        Assert.InRange(expected.Count(value => value > limit), 6, 8);
        Assert.All(expected.Zip(values), pair => Assert.True(
            pair.First > limit ? Math.Abs(pair.First - pair.Second) < 1e-5 : pair.Second < limit, $"expected {pair.First}, got {pair.Second}"));
        Assert.Equal(double.NegativeInfinity, values[^1]);
    }

    [Theory]
    [InlineData("tanh")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void LogSingularValues_OfTheTransposedProduct_AreTheSame(string cell)
    {
        using var scope = NewDisposeScope();
        manual_seed(26);
        using var net = JacobianNet.Make(cell, steps: 300, batch: 1, hidden: 13);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);

        var values = trajectory.Product(0).LogSingularValues();

        // The same values, all of whose rounding is another.
        var transposed = new JacobianProduct((int)trajectory.StateSize, 300, index => trajectory.At(300 - index, 0).t());
        Equal(transposed.LogSingularValues(), values, cell);
        Assert.True(values[^1] - values[0] < -200, $"expected values of very different size, got {values[0]} to {values[^1]}");
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.25)]
    public void LogSingularValues_OfAScaledRotationOver10000Steps_AreAllTheSame(double w)
    {
        using var scope = NewDisposeScope();
        var (c, s) = (Math.Cos(0.3), Math.Sin(0.3));
        var rotation = tensor(new[] { c, -s, s, c }, [2, 2]).mul(w);

        var product = JacobianProduct.Power(rotation, 10_000);

        Assert.All(product.LogSingularValues(), value => Assert.Equal(10_000 * Math.Log(w), value, 1e-8));
        Assert.Equal(10_000 * Math.Log(w), product.LogNorm(), 1e-8);
    }

    [Fact]
    public void Factors_ThatAreNotFinite_AreNamed()
    {
        using var scope = NewDisposeScope();
        var product = Of(eye(2, dtype: ScalarType.Float64), full(2, 2, double.NaN, dtype: ScalarType.Float64));

        Expect.Message<ArithmeticException>("J: expected finite numbers in factor 2 of 2, got NaN; the state or the weights have diverged.", () => product.LogNorm());
        Assert.Throws<ArithmeticException>(() => product.ToFigure());
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        var square = eye(3, dtype: ScalarType.Float64);

        Expect.Message<ArgumentException>("matrix: expected a square matrix [S, S] with S above 0, got [3, 2].", () => JacobianProduct.Power(square.narrow(1, 0, 2), 1));
        Expect.Message<ArgumentException>("exponent: expected at least 1, got 0.", () => JacobianProduct.Power(square, 0));
    }

    private static JacobianProduct Of(params Tensor[] factors) => new((int)factors[0].shape[0], factors.Length, index => factors[index].alias());

    private static void Equal(IReadOnlyList<double> expected, IReadOnlyList<double> actual, string what, double tolerance = Tolerance)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var index = 0; index < expected.Count; index++)
        {
            var same = expected[index] == actual[index] || Math.Abs(expected[index] - actual[index]) <= tolerance;
            Assert.True(same, $"{what}, ln σ_{index + 1}: expected {expected[index]:R}, got {actual[index]:R}");
        }
    }
}
