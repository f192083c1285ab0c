using System.Runtime.CompilerServices;

namespace RnnZoo.Bptt.Kernels;

/// <summary>φ of the vanilla RNN, and its derivative as a function of its value h = φ(a).</summary>
internal interface INonlinearity<V>
    where V : struct
{
    static abstract V Apply(V a);

    /// <summary>∂h·φ'(a).</summary>
    static abstract V Differentiate(V h, V dH);
}

/// <summary>tanh; φ' = 1 − h².</summary>
internal readonly struct TanhNonlinearity<S, V, T> : INonlinearity<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a) => VectorMath<S, V, T>.Tanh(a);

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
    public static V Apply(V a) => S.WherePositive(a, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => S.WherePositive(h, dH);
}

/// <summary>The identity.</summary>
internal readonly struct LinearNonlinearity<V> : INonlinearity<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(V a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Differentiate(V h, V dH) => dH;
}
