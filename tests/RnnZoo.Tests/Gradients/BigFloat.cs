using System.Numerics;

namespace RnnZoo.Tests.Gradients;

/// <summary>Mantissa · 2^Exponent, rounded to 2,000 bits after each operation: about 600 decimal digits.</summary>
internal readonly record struct BigFloat(BigInteger Mantissa, long Exponent)
{
    private const int Precision = 2_000;

    public bool IsZero => Mantissa.IsZero;

    public static BigFloat From(double value)
    {
        if (value == 0)
        {
            return new(0, 0);
        }

        var exponent = Math.ILogB(value) - 52;
        return new((BigInteger)Math.ScaleB(value, -exponent), exponent);
    }

    public static BigFloat operator +(BigFloat left, BigFloat right)
    {
        if (left.IsZero || right.IsZero)
        {
            return left.IsZero ? right : left;
        }

        var exponent = Math.Min(left.Exponent, right.Exponent);
        return Round((left.Mantissa << (int)(left.Exponent - exponent)) + (right.Mantissa << (int)(right.Exponent - exponent)), exponent);
    }

    public static BigFloat operator -(BigFloat value) => value with { Mantissa = -value.Mantissa };

    public static BigFloat operator -(BigFloat left, BigFloat right) => left + -right;

    public static BigFloat operator *(BigFloat left, BigFloat right) => Round(left.Mantissa * right.Mantissa, left.Exponent + right.Exponent);

    public static BigFloat operator /(BigFloat left, BigFloat right) =>
        Round((left.Mantissa << (2 * Precision)) / right.Mantissa, left.Exponent - right.Exponent - (2 * Precision));

    public static bool operator <(BigFloat left, BigFloat right) => (left - right).Mantissa.Sign < 0;

    public static bool operator >(BigFloat left, BigFloat right) => right < left;

    public BigFloat Abs() => this with { Mantissa = BigInteger.Abs(Mantissa) };

    public BigFloat Sqrt()
    {
        var shift = (2 * Precision) + (int)(Exponent & 1);
        var scaled = Mantissa << shift;
        if (scaled.IsZero)
        {
            return this;
        }

        var root = BigInteger.One << (int)((scaled.GetBitLength() + 1) / 2);
        for (var next = (root + (scaled / root)) >> 1; next < root; next = (root + (scaled / root)) >> 1)
        {
            root = next;
        }

        return Round(root, (Exponent - shift) / 2);
    }

    /// <summary>The natural logarithm, to a double's precision; of the magnitude.</summary>
    public double Log()
    {
        if (IsZero)
        {
            return double.NegativeInfinity;
        }

        var shift = (int)Math.Max(0, BigInteger.Abs(Mantissa).GetBitLength() - 60);
        return Math.Log((double)(BigInteger.Abs(Mantissa) >> shift)) + ((Exponent + shift) * Math.Log(2));
    }

    private static BigFloat Round(BigInteger mantissa, long exponent)
    {
        var shift = (int)Math.Max(0, BigInteger.Abs(mantissa).GetBitLength() - Precision);
        return new(mantissa >> shift, exponent + shift);
    }
}
