using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>Vectorised exponentials for the gates, accurate to a few units in the last place over the whole range.</summary>
/// <remarks>
/// With x = n·ln 2 + r, |r| ≤ ln 2 / 2: e^r − 1 = r + r²·q(r), q a polynomial that interpolates (e^r − 1 − r) / r² at
/// Chebyshev points (relative error 2.5e-8 with 5 terms for float32, 6e-19 with 11 for float64). n comes from adding a
/// number so large that the sum's lowest bits are n; shifted into the exponent field they multiply by 2^n. One constant
/// for ln 2 is enough: its error times n stays below four units in the last place of float32 for the n that the limits allow
/// (float64: below 3e-14 at the limits, 1e-16 for |x| below 4), and for n = 0, where small values come from, it is not used.
/// </remarks>
internal static class VectorMath<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    private static V Shift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => S.Constant(typeof(T) == typeof(float) ? 12582912.0 : 6755399441055744.0);
    }

    private static V MinusLn2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => S.Constant(-0.6931471805599453);
    }

    // Beyond it e^x is not a normal number. Below its negative the sigmoid is zero, which it is not worth telling from 1e-38
    // (float64: 1e-307).
    private static V Limit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => S.Constant(typeof(T) == typeof(float) ? 87.0 : 708.0);
    }

    // |2x| beyond which tanh x rounds to one.
    private static V TanhLimit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => S.Constant(typeof(T) == typeof(float) ? 20.0 : 44.0);
    }

    /// <summary>e^x, as the square of e^(x/2): so it goes on through the numbers that are not normal to 0, and to ∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        var r = Reduce(S.Clamp(S.Multiply(x, S.Constant(0.5)), Limit), out var shifted);
        var root = S.Scale(S.MultiplyAdd(S.MultiplyAdd(Remainder(r), r, S.Constant(1)), r, S.Constant(1)), shifted);
        return S.Multiply(root, root);
    }

    /// <summary>
    /// σ(x) = 1 / (1 + e^−x): exactly 0 and 1 at the ends, as of −∞ and ∞; NaN of NaN. So no gradient comes through a gate that
    /// is shut, however large what is behind it. Two quotients by one division would be faster, and 1 − 2^−24 for 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x)
    {
        var r = Reduce(S.Negate(S.Clamp(x, Limit)), out var shifted);
        var exp = S.MultiplyAdd(S.MultiplyAdd(Remainder(r), r, S.Constant(1)), r, S.Constant(1));
        var sigmoid = S.Divide(S.Constant(1), S.Add(S.Constant(1), S.Scale(exp, shifted)));
        return S.WhereNotBelow(S.Add(x, Limit), sigmoid);
    }

    /// <summary>tanh x = (e^2x − 1) / (e^2x + 1), accurate near zero too, and exactly ±1 at the ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x)
    {
        var r = Reduce(S.Clamp(S.Add(x, x), TanhLimit), out var shifted);
        var p = S.MultiplyAdd(S.Multiply(r, r), Remainder(r), r);
        var power = S.Scale(S.Constant(1), shifted);
        var numerator = S.MultiplyAdd(p, power, S.Subtract(power, S.Constant(1)));
        return S.Divide(numerator, S.Add(numerator, S.Constant(2)));
    }

    /// <summary>r; <paramref name="shifted"/> carries n for <see cref="ISimd{V,T}.Scale"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Reduce(V x, out V shifted)
    {
        shifted = S.MultiplyAdd(x, S.Constant(1.4426950408889634), Shift);
        var n = S.Subtract(shifted, Shift);
        return S.MultiplyAdd(n, MinusLn2, x);
    }

    /// <summary>q(r).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Remainder(V r)
    {
        V q;
        if (typeof(T) == typeof(float))
        {
            q = S.MultiplyAdd(S.Constant(0.0013926250831497611), r, S.Constant(0.008363232883682618));
            q = S.MultiplyAdd(q, r, S.Constant(0.04166655421298415));
            q = S.MultiplyAdd(q, r, S.Constant(0.16666576666119928));
            return S.MultiplyAdd(q, r, S.Constant(0.5));
        }

        q = S.MultiplyAdd(S.Constant(2.0914755325898666e-09), r, S.Constant(2.5105312729622103e-08));
        q = S.MultiplyAdd(q, r, S.Constant(2.755727347871856e-07));
        q = S.MultiplyAdd(q, r, S.Constant(2.755725517000089e-06));
        q = S.MultiplyAdd(q, r, S.Constant(2.480158732567746e-05));
        q = S.MultiplyAdd(q, r, S.Constant(0.0001984126987500228));
        q = S.MultiplyAdd(q, r, S.Constant(0.0013888888888883711));
        q = S.MultiplyAdd(q, r, S.Constant(0.008333333333326084));
        q = S.MultiplyAdd(q, r, S.Constant(0.04166666666666667));
        q = S.MultiplyAdd(q, r, S.Constant(0.1666666666666667));
        return S.MultiplyAdd(q, r, S.Constant(0.5));
    }
}
