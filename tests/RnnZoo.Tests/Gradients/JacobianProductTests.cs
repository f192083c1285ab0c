using RnnZoo.Gradients;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Products of Jacobians against autograd, known cases, and singular values found with 600 digits.</summary>
public sealed class JacobianProductTests
{
    private const double Tolerance = 1e-9; // of ln σ; what is asked for is 1e-8

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

        Equal(HighPrecision.LogSingularValues([.. Enumerable.Repeat(w, span)]), values, $"{kind}, {span}");
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
    public void ToMatrix_OfEverySpan_MatchesAutograd(string cell)
    {
        using var scope = NewDisposeScope();
        manual_seed(23);
        using var net = JacobianNet.Make(cell);
        using var trajectory = JacobianTrajectory.Of(net.Module, net.Input, net.State);
        for (var from = 0; from < 5; from++)
        {
            for (var to = from + 1; to <= 5; to++)
            {
                var expected = net.ByAutograd(from, to)[1]; // [S, S]
                var (matrix, logScale) = trajectory.Product(from, to, sequence: 1).ToMatrix();
                Expect.Close(expected, matrix.mul(Math.Exp(logScale)), 1e-10, $"{cell}, {from} to {to}");
                var norm = linalg.svdvals(expected)[0].item<double>();
                Assert.Equal(Math.Log(norm), trajectory.Product(from, to, sequence: 1).LogNorm(), 1e-10);
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

        Equal(HighPrecision.LogSingularValues([.. Enumerable.Repeat<Tensor>(w, 41)]), product.LogSingularValues(), "W^41");
        var power = linalg.matrix_exp(zeros_like(w)); // [H, H]: the identity
        for (var t = 0; t < 41; t++)
        {
            power = w.mm(power);
        }

        var (matrix, logScale) = product.ToMatrix();
        Expect.Close(power.div(power.abs().max()), matrix.mul(Math.Exp(logScale)).div(power.abs().max()), 1e-10, "W^41");
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
    public void LogSingularValues_OfAScaledRotation_AreAllTheSame()
    {
        using var scope = NewDisposeScope();
        var (c, s) = (Math.Cos(0.3), Math.Sin(0.3));
        var rotation = tensor(new[] { c, -s, s, c }, [2, 2]).mul(1.25);

        var values = JacobianProduct.Power(rotation, 10_000).LogSingularValues();

        Assert.All(values, value => Assert.Equal(10_000 * Math.Log(1.25), value, 1e-8));
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
            Assert.Equal(5 - exponent, product.Rank);
            Equal(HighPrecision.LogSingularValues([.. Enumerable.Repeat(nilpotent, exponent)]), product.LogSingularValues(), $"N^{exponent}");
        }

        var zero = JacobianProduct.Power(nilpotent, 5);
        Assert.Equal(0, zero.Rank);
        Assert.Equal(double.NegativeInfinity, zero.LogNorm());
        Assert.All(zero.LogSingularValues(), value => Assert.Equal(double.NegativeInfinity, value));
        Assert.Equal(0, zero.ToMatrix().Matrix.abs().max().item<double>());
    }

    [Fact]
    public void Rank_WithABottleneckOverTwoSteps_IsExact()
    {
        using var scope = NewDisposeScope();
        // The first factor lets one of two pairs through as a line, the second the other one.
        var first = block_diag(ones(2, 2, dtype: ScalarType.Float64), eye(2, dtype: ScalarType.Float64));
        var second = block_diag(eye(2, dtype: ScalarType.Float64), ones(2, 2, dtype: ScalarType.Float64));

        var product = JacobianProduct.Of(first, second);

        Assert.Equal(2, product.Rank);
        double[] expected = [Math.Log(2), Math.Log(2), double.NegativeInfinity, double.NegativeInfinity];
        Assert.All(expected.Zip(product.LogSingularValues()), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    [InlineData(-3.5)]
    [InlineData(1e-300)]
    [InlineData(5e-324)]
    [InlineData(-1.7976931348623157e308)]
    [InlineData(0.1)]
    public void Residue_TimesAPowerOfTwo_IsTheIntegerModuloThePrime(double value)
    {
        var prime = (System.Numerics.BigInteger.One << 63) - 25;
        var big = BigFloat.From(value);
        var residue = ModularRank.Residue(value);
        // value = mantissa 2^e, so residue · 2^-e ≡ mantissa for negative e.
        var power = System.Numerics.BigInteger.ModPow(2, Math.Abs(big.Exponent), prime);
        var (left, right) = big.Exponent < 0
            ? (residue * power, big.Mantissa)
            : (new System.Numerics.BigInteger(residue), big.Mantissa * power);
        Assert.True(((left - right) % prime).IsZero);
    }

    [Fact]
    public void LogSingularValues_TooSensitiveToTell_AreRefusedAndTheOthersGiven()
    {
        using var scope = NewDisposeScope();
        // A Jordan block: det W = 1e-40, far below the rounding of its entries.
        var jordan = eye(40, dtype: ScalarType.Float64).mul(0.1).add(ones(39, dtype: ScalarType.Float64).diag(1));
        var product = JacobianProduct.Power(jordan, 20);

        var refused = Assert.Throws<UnresolvedSingularValuesException>(() => product.LogSingularValues());

        Assert.InRange(refused.Resolved.Count, 15, 39);
        Assert.StartsWith($"singular values: expected 40 whose logarithms are known to 1e-8, got {refused.Resolved.Count};", refused.Message, StringComparison.Ordinal);
        Assert.Equal(refused.Resolved, product.LogSingularValues(refused.Resolved.Count));
        var (matrix, logScale) = product.ToMatrix();
        Assert.Equal(Math.Log(linalg.svdvals(matrix)[0].item<double>()) + logScale, refused.Resolved[0], 1e-12);
    }

    [Fact]
    public void Factors_ThatAreNotFinite_AreNamed()
    {
        using var scope = NewDisposeScope();
        var product = JacobianProduct.Of(eye(2, dtype: ScalarType.Float64), full(2, 2, double.NaN, dtype: ScalarType.Float64));

        Expect.Message<ArithmeticException>("J: expected finite numbers in factor 2 of 2, got NaN; the state or the weights have diverged.", () => product.LogNorm());
        Assert.Throws<ArithmeticException>(() => product.ToMatrix());
    }

    [Fact]
    public void WrongArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        var square = eye(3, dtype: ScalarType.Float64);

        Expect.Message<ArgumentException>("factors: expected square matrices [S, S] of one size above 0, got [3, 2].", () => JacobianProduct.Of(square, square.narrow(1, 0, 2)));
        Expect.Message<ArgumentException>("factors: expected square matrices [S, S] of one size above 0, got [2, 2].", () => JacobianProduct.Of(square, eye(2, dtype: ScalarType.Float64)));
        Expect.Message<ArgumentException>("factors: expected at least one, got 0.", () => JacobianProduct.Power(square, 0));
        Expect.Message<ArgumentException>("factors: expected at least one, got 0.", () => JacobianProduct.Of());
        Assert.Throws<ArgumentOutOfRangeException>(() => JacobianProduct.Of(square).LogSingularValues(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => JacobianProduct.Of(square).LogNorm(double.NaN));
    }

    private static void Equal(IReadOnlyList<double> expected, IReadOnlyList<double> actual, string what)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var index = 0; index < expected.Count; index++)
        {
            var same = expected[index] == actual[index] || Math.Abs(expected[index] - actual[index]) <= Tolerance;
            Assert.True(same, $"{what}, ln σ_{index + 1}: expected {expected[index]:R}, got {actual[index]:R}");
        }
    }
}
