using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>The 256-bit operations.</summary>
internal readonly unsafe struct Simd256<T> : ISimd<Vector256<T>, T>
    where T : unmanaged
{
    public static int Lanes => Vector256<T>.Count;

    // 6 rows × 2 vectors + 2 of weights + 1 broadcast = 15 of 16 registers.
    public static int TileRows => 6;

    public static Vector256<T> Zero => Vector256<T>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Load(T* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, Vector256<T> value) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Broadcast(T* source) => Vector256.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Constant(double value) => typeof(T) == typeof(float)
        ? Vector256.Create((float)value).As<float, T>()
        : Vector256.Create(value).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Add(Vector256<T> a, Vector256<T> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Subtract(Vector256<T> a, Vector256<T> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Multiply(Vector256<T> a, Vector256<T> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Divide(Vector256<T> a, Vector256<T> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Negate(Vector256<T> x) => -x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> MultiplyAdd(Vector256<T> a, Vector256<T> b, Vector256<T> c) => typeof(T) == typeof(float)
        ? Vector256.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), c.As<T, float>()).As<float, T>()
        : Vector256.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), c.As<T, double>()).As<double, T>();

    // The native comparisons return their second argument where either is NaN: the order keeps NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Clamp(Vector256<T> x, Vector256<T> limit) =>
        Vector256.MaxNative(-limit, Vector256.MinNative(limit, x));

    // Max(0, x) tells zero and below from the rest and hands NaN on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> WherePositive(Vector256<T> test, Vector256<T> value) =>
        Vector256.ConditionalSelect(
            Vector256.LessThanOrEqual(test, Vector256<T>.Zero), Vector256<T>.Zero,
            Vector256.ConditionalSelect(Vector256.Equals(test, test), value, test));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Scale(Vector256<T> x, Vector256<T> shifted) => typeof(T) == typeof(float)
        ? (x.As<T, int>() + Vector256.ShiftLeft(shifted.As<T, int>(), 23)).As<int, T>()
        : (x.As<T, long>() + Vector256.ShiftLeft(shifted.As<T, long>(), 52)).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> AddLowSquares(Vector256<T> sums, Vector256<T> x)
    {
        var wide = typeof(T) == typeof(float) ? Vector256.WidenLower(x.As<T, float>()) : x.As<T, double>();
        return Vector256.MultiplyAddEstimate(wide, wide, sums.As<T, double>()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> AddHighSquares(Vector256<T> sums, Vector256<T> x)
    {
        if (typeof(T) == typeof(double))
        {
            return sums;
        }

        var wide = Vector256.WidenUpper(x.As<T, float>());
        return Vector256.MultiplyAddEstimate(wide, wide, sums.As<T, double>()).As<double, T>();
    }

    public static double SumOfDoubles(Vector256<T> sums) => Vector256.Sum(sums.As<T, double>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector256<T> x) => typeof(T) == typeof(float) ? Vector256.Sum(x.As<T, float>()) : Vector256.Sum(x.As<T, double>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Max(Vector256<T> a, Vector256<T> b) => Vector256.MaxNative(a, b);
}
