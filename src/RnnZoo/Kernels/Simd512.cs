using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>The 512-bit operations.</summary>
internal readonly unsafe struct Simd512<T> : ISimd<Vector512<T>, T>
    where T : unmanaged
{
    public static int Lanes => Vector512<T>.Count;

    // 8 rows × 2 vectors + 2 of weights + 1 broadcast = 19 of 32 registers; more rows gain nothing.
    public static int TileRows => 8;

    public static Vector512<T> Zero => Vector512<T>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load(T* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, Vector512<T> value) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Broadcast(T* source) => Vector512.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Constant(double value) => typeof(T) == typeof(float)
        ? Vector512.Create((float)value).As<float, T>()
        : Vector512.Create(value).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Add(Vector512<T> a, Vector512<T> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Subtract(Vector512<T> a, Vector512<T> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Multiply(Vector512<T> a, Vector512<T> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Divide(Vector512<T> a, Vector512<T> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Negate(Vector512<T> x) => -x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> MultiplyAdd(Vector512<T> a, Vector512<T> b, Vector512<T> c) => typeof(T) == typeof(float)
        ? Vector512.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), c.As<T, float>()).As<float, T>()
        : Vector512.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), c.As<T, double>()).As<double, T>();

    // The native comparisons return their second argument where either is NaN: the order keeps NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Clamp(Vector512<T> x, Vector512<T> limit) =>
        Vector512.MaxNative(-limit, Vector512.MinNative(limit, x));

    // Max(0, x) tells zero and below from the rest and hands NaN on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> WherePositive(Vector512<T> test, Vector512<T> value) =>
        Vector512.ConditionalSelect(
            Vector512.LessThanOrEqual(test, Vector512<T>.Zero), Vector512<T>.Zero,
            Vector512.ConditionalSelect(Vector512.Equals(test, test), value, test));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Scale(Vector512<T> x, Vector512<T> shifted) => typeof(T) == typeof(float)
        ? (x.As<T, int>() + Vector512.ShiftLeft(shifted.As<T, int>(), 23)).As<int, T>()
        : (x.As<T, long>() + Vector512.ShiftLeft(shifted.As<T, long>(), 52)).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> AddLowSquares(Vector512<T> sums, Vector512<T> x)
    {
        var wide = typeof(T) == typeof(float) ? Vector512.WidenLower(x.As<T, float>()) : x.As<T, double>();
        return Vector512.MultiplyAddEstimate(wide, wide, sums.As<T, double>()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> AddHighSquares(Vector512<T> sums, Vector512<T> x)
    {
        if (typeof(T) == typeof(double))
        {
            return sums;
        }

        var wide = Vector512.WidenUpper(x.As<T, float>());
        return Vector512.MultiplyAddEstimate(wide, wide, sums.As<T, double>()).As<double, T>();
    }

    public static double SumOfDoubles(Vector512<T> sums) => Vector512.Sum(sums.As<T, double>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<T> x) => typeof(T) == typeof(float) ? Vector512.Sum(x.As<T, float>()) : Vector512.Sum(x.As<T, double>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Max(Vector512<T> a, Vector512<T> b) => Vector512.MaxNative(a, b);
}
