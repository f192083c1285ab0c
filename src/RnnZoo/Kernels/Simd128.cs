using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>The 128-bit operations.</summary>
internal readonly unsafe struct Simd128<T> : ISimd<Vector128<T>, T>
    where T : unmanaged
{
    public static int Lanes => Vector128<T>.Count;

    // 6 rows × 2 vectors + 2 of weights + 1 broadcast = 15 of 16 registers.
    public static int TileRows => 6;

    public static Vector128<T> Zero => Vector128<T>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Load(T* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, Vector128<T> value) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Broadcast(T* source) => Vector128.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Constant(double value) => typeof(T) == typeof(float)
        ? Vector128.Create((float)value).As<float, T>()
        : Vector128.Create(value).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Add(Vector128<T> a, Vector128<T> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Subtract(Vector128<T> a, Vector128<T> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Multiply(Vector128<T> a, Vector128<T> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Divide(Vector128<T> a, Vector128<T> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Negate(Vector128<T> x) => -x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MultiplyAdd(Vector128<T> a, Vector128<T> b, Vector128<T> c) => typeof(T) == typeof(float)
        ? Vector128.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), c.As<T, float>()).As<float, T>()
        : Vector128.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), c.As<T, double>()).As<double, T>();

    // The native comparisons return their second argument where either is NaN: the order keeps NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Clamp(Vector128<T> x, Vector128<T> limit) =>
        Vector128.MaxNative(-limit, Vector128.MinNative(limit, x));

    // Max(0, x) tells zero and below from the rest and hands NaN on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> WherePositive(Vector128<T> test, Vector128<T> value) =>
        Vector128.ConditionalSelect(
            Vector128.LessThanOrEqual(test, Vector128<T>.Zero), Vector128<T>.Zero,
            Vector128.ConditionalSelect(Vector128.Equals(test, test), value, test));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Scale(Vector128<T> x, Vector128<T> shifted) => typeof(T) == typeof(float)
        ? (x.As<T, int>() + Vector128.ShiftLeft(shifted.As<T, int>(), 23)).As<int, T>()
        : (x.As<T, long>() + Vector128.ShiftLeft(shifted.As<T, long>(), 52)).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> AddLowSquares(Vector128<T> sums, Vector128<T> x)
    {
        var wide = typeof(T) == typeof(float) ? Vector128.WidenLower(x.As<T, float>()) : x.As<T, double>();
        return Vector128.MultiplyAddEstimate(wide, wide, sums.As<T, double>()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> AddHighSquares(Vector128<T> sums, Vector128<T> x)
    {
        if (typeof(T) == typeof(double))
        {
            return sums;
        }

        var wide = Vector128.WidenUpper(x.As<T, float>());
        return Vector128.MultiplyAddEstimate(wide, wide, sums.As<T, double>()).As<double, T>();
    }

    public static double SumOfDoubles(Vector128<T> sums) => Vector128.Sum(sums.As<T, double>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector128<T> x) => typeof(T) == typeof(float) ? Vector128.Sum(x.As<T, float>()) : Vector128.Sum(x.As<T, double>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Max(Vector128<T> a, Vector128<T> b) => Vector128.MaxNative(a, b);
}
