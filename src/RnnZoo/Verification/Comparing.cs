using static TorchSharp.torch;

namespace RnnZoo.Verification;

/// <summary>The distance of two tensors.</summary>
internal static class Comparing
{
    /// <summary>Passes if max |a - b| is at most <paramref name="tolerance"/> · max |b|, or at most the tolerance where b is zero throughout.</summary>
    public static Distance Relative(Tensor a, Tensor b, double tolerance)
    {
        var (distance, _) = Measure(a, b);
        return distance with { Passed = distance.MaxRelative <= tolerance }; // false for NaN
    }

    /// <summary>Passes if each |a - b| is at most absolute + relative · |b|.</summary>
    public static Distance EachWithin(Tensor a, Tensor b, double absolute, double relative)
    {
        using var scope = NewDisposeScope();
        var (distance, difference) = Measure(a, b);
        var allowed = b.detach().to(ScalarType.Float64).abs().mul(relative).add(absolute).reshape(difference.shape);
        var within = difference.le(allowed).all().item<bool>(); // false for NaN
        return distance with { Passed = within && double.IsFinite(distance.MaxAbsolute) };
    }

    private static (Distance Distance, Tensor Difference) Measure(Tensor a, Tensor b)
    {
        if (!a.shape.SequenceEqual(b.shape))
        {
            throw new ArgumentException($"expected tensors of one shape, got [{string.Join(", ", a.shape)}] and [{string.Join(", ", b.shape)}].");
        }

        using var scope = NewDisposeScope();
        var reference = b.detach().cpu().to(ScalarType.Float64).reshape(-1);
        var difference = a.detach().cpu().to(ScalarType.Float64).reshape(-1).sub(reference).abs();
        if (difference.NumberOfElements == 0)
        {
            throw new ArgumentException("expected at least one number to compare, got none.");
        }

        var worst = difference.argmax().item<long>();
        var (maxAbsolute, scale) = (difference[worst].item<double>(), reference.abs().max().item<double>());
        var maxRelative = scale == 0 ? maxAbsolute : maxAbsolute / scale;
        var distance = new Distance(maxAbsolute, double.IsFinite(maxAbsolute) ? maxRelative : double.NaN, Unravel(worst, a.shape), Passed: false);
        return (distance, difference.MoveToOuterDisposeScope());
    }

    private static long[] Unravel(long flat, long[] shape)
    {
        var index = new long[shape.Length];
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            (flat, index[axis]) = Math.DivRem(flat, shape[axis]);
        }

        return index;
    }

    internal sealed record Distance(double MaxAbsolute, double MaxRelative, long[] Index, bool Passed);
}
