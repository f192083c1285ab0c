using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>φ of the vanilla RNN, and its derivatives as functions of its value h = φ(a), or φ(a; b) with a bias inside.</summary>
internal interface INonlinearity<V>
    where V : struct
{
    /// <summary>Whether φ has a bias inside; without one, b is zero and its gradient is not asked for.</summary>
    static virtual bool HasBias => false;

    static abstract V Apply(V a, V b);

    /// <summary>∂h·∂φ/∂a.</summary>
    static abstract V Differentiate(V h, V dH);

    /// <summary>∂h·∂φ/∂b.</summary>
    static virtual V DifferentiateByBias(V h, V dH) => dH;
}

/// <summary>tanh; φ' = 1 − h².</summary>
internal readonly struct TanhNonlinearity<S, V, T> : INonlinearity<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b) => VectorMath<S, V, T>.Tanh(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => S.Multiply(dH, S.Subtract(S.Constant(1), S.Multiply(h, h)));
}

/// <summary>max(a, 0), NaN where a is; φ' = 1 above zero, 0 at and below it.</summary>
internal readonly struct ReluNonlinearity<S, V, T> : INonlinearity<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b) => S.WherePositive(a, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => S.WherePositive(h, dH);
}

/// <summary>The identity.</summary>
internal readonly struct LinearNonlinearity<V> : INonlinearity<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => dH;
}

/// <summary>
/// modReLU, sign(a)·max(|a| + b, 0), NaN where a is (Arjovsky, Shah and Bengio 2016, over the reals): ∂φ/∂a = 1 and
/// ∂φ/∂b = sign(h) where h is not zero, else both are 0. So the derivative at the kink |a| = −b is that of the dead side,
/// and at a = 0, where φ jumps if b is above zero, it is 0.
/// </summary>
internal readonly struct ModReluNonlinearity<S, V, T> : INonlinearity<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public static bool HasBias => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a, V b)
    {
        var above = S.Add(a, b);
        var below = S.Subtract(b, a);
        return S.Subtract(S.WherePositive(a, S.WherePositive(above, above)), S.WherePositive(S.Negate(a), S.WherePositive(below, below)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => S.Add(S.WherePositive(h, dH), S.WherePositive(S.Negate(h), dH));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V DifferentiateByBias(V h, V dH) => S.Subtract(S.WherePositive(h, dH), S.WherePositive(S.Negate(h), dH));
}
