namespace RnnZoo.Gradients;

/// <summary>
/// The unevaluated sum of two doubles that do not overlap: about 106 bits. Source: T. J. Dekker, "A floating-point technique
/// for extending the available precision", 1971; Y. Hida, X. Li and D. Bailey, 2001.
/// </summary>
internal readonly struct DoubleDouble : IReal<DoubleDouble>
{
    private readonly double _high;
    private readonly double _low;

    private DoubleDouble(double high, double low)
    {
        _high = high;
        _low = low;
    }

    public static double Epsilon => 4.93038065763132e-32; // 2^-104

    public static DoubleDouble From(double value) => new(value, 0);

    public static double Round(DoubleDouble value) => value._high;

    public static DoubleDouble operator +(DoubleDouble left, DoubleDouble right)
    {
        var (high, highError) = Sum(left._high, right._high);
        var (low, lowError) = Sum(left._low, right._low);
        (high, highError) = OrderedSum(high, highError + low);
        return Normal(high, highError + lowError);
    }

    public static DoubleDouble operator -(DoubleDouble left, DoubleDouble right) => left + new DoubleDouble(-right._high, -right._low);

    public static DoubleDouble operator *(DoubleDouble left, DoubleDouble right)
    {
        var product = left._high * right._high;
        var error = Math.FusedMultiplyAdd(left._high, right._high, -product);
        return Normal(product, error + ((left._high * right._low) + (left._low * right._high)));
    }

    public static DoubleDouble operator /(DoubleDouble left, DoubleDouble right)
    {
        var first = left._high / right._high;
        var rest = left - (right * From(first));
        var second = rest._high / right._high;
        rest -= right * From(second);
        return Normal(first, second) + From(rest._high / right._high);
    }

    public static DoubleDouble Sqrt(DoubleDouble value)
    {
        if (value._high <= 0)
        {
            return From(Math.Sqrt(value._high));
        }

        // One Newton step from the double's root doubles the digits.
        var root = From(Math.Sqrt(value._high));
        return root + From((value - (root * root))._high / (2 * root._high));
    }

    public static DoubleDouble TimesPower(DoubleDouble value, double power) => new(value._high * power, value._low * power);

    public static DoubleDouble Dot(ReadOnlySpan<DoubleDouble> left, ReadOnlySpan<DoubleDouble> right)
    {
        var sum = default(DoubleDouble);
        for (var index = 0; index < left.Length; index++)
        {
            sum += left[index] * right[index];
        }

        return sum;
    }

    public static DoubleDouble Dot(ReadOnlySpan<double> left, ReadOnlySpan<DoubleDouble> right)
    {
        var sum = default(DoubleDouble);
        for (var index = 0; index < left.Length; index++)
        {
            sum += From(left[index]) * right[index];
        }

        return sum;
    }

    public static void AddScaled(Span<DoubleDouble> target, DoubleDouble factor, ReadOnlySpan<DoubleDouble> values)
    {
        for (var index = 0; index < target.Length; index++)
        {
            target[index] += factor * values[index];
        }
    }

    private static (double Sum, double Error) Sum(double left, double right)
    {
        var sum = left + right;
        var part = sum - left;
        return (sum, (left - (sum - part)) + (right - part));
    }

    /// <summary>As <see cref="Sum"/>, where the left one is the larger.</summary>
    private static (double Sum, double Error) OrderedSum(double left, double right)
    {
        var sum = left + right;
        return (sum, right - (sum - left));
    }

    private static DoubleDouble Normal(double high, double low)
    {
        var (sum, error) = OrderedSum(high, low);
        return new DoubleDouble(sum, error);
    }
}
