using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// The vector operations that the kernels need, so that each kernel is written once for all widths (128, 256, 512 bits)
/// and both element types. All type arguments are structs: the compiler makes one specialised copy per combination,
/// in which every call below is a single instruction.
/// </summary>
/// <typeparam name="V">The vector: Vector128, Vector256 or Vector512 of <typeparamref name="T"/>.</typeparam>
/// <typeparam name="T">The element: float or double.</typeparam>
internal unsafe interface ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>Elements in a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Rows of the micro-kernel's tile: as many as leave no accumulator outside the registers.</summary>
    static abstract int TileRows { get; }

    /// <summary>Zero in all lanes.</summary>
    static abstract V Zero { get; }

    /// <summary>The vector at an address of any alignment.</summary>
    static abstract V Load(T* source);

    /// <summary>Writes a vector to an address of any alignment.</summary>
    static abstract void Store(T* target, V value);

    /// <summary>The element at an address in all lanes.</summary>
    static abstract V Broadcast(T* source);

    /// <summary>A constant in all lanes.</summary>
    static abstract V Constant(double value);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary>−x; free where it goes into a fused multiply-add.</summary>
    static abstract V Negate(V x);

    /// <summary>a·b + c, fused where the machine can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>x held within [-limit, limit]; NaN stays NaN.</summary>
    static abstract V Clamp(V x, V limit);

    /// <summary><paramref name="value"/> where <paramref name="test"/> is above zero, else zero.</summary>
    static abstract V WherePositive(V test, V value);

    /// <summary>Zero where <paramref name="test"/> is at or below zero, else <paramref name="value"/>: where it is NaN too.</summary>
    static abstract V WhereNotBelow(V test, V value);

    /// <summary>x·2^n, where <paramref name="shifted"/> is n plus the constant of <see cref="VectorMath{S,V,T}"/> that puts n into the lowest bits.</summary>
    static abstract V Scale(V x, V shifted);

    /// <summary>
    /// sums + the squares of the lower half of x's lanes, formed in double, for squares of small float32 gradients would be
    /// lost: sums holds doubles. Of a vector of doubles all lanes are taken.
    /// </summary>
    static abstract V AddLowSquares(V sums, V x);

    /// <summary>The same with the upper half; of a vector of doubles nothing is left to take.</summary>
    static abstract V AddHighSquares(V sums, V x);

    /// <summary>Sum of the doubles that <see cref="AddLowSquares"/> and <see cref="AddHighSquares"/> leave.</summary>
    static abstract double SumOfDoubles(V sums);

    /// <summary>Sum of the lanes.</summary>
    static abstract double Sum(V x);

    /// <summary>The larger of each pair; either where one is NaN.</summary>
    static abstract V Max(V a, V b);

    /// <summary>The natural logarithm.</summary>
    static abstract V Log(V x);

    /// <summary>The square root; NaN below zero.</summary>
    static abstract V Sqrt(V x);

    /// <summary>The sine, of radians; NaN of what is infinite.</summary>
    static abstract V Sin(V x);

    /// <summary>The cosine, of radians; NaN of what is infinite.</summary>
    static abstract V Cos(V x);
}

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> WherePositive(Vector128<T> test, Vector128<T> value) => value & Vector128.GreaterThan(test, Vector128<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> WhereNotBelow(Vector128<T> test, Vector128<T> value) => Vector128.AndNot(value, Vector128.LessThanOrEqual(test, Vector128<T>.Zero));

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Log(Vector128<T> x) => typeof(T) == typeof(float)
        ? Vector128.Log(x.As<T, float>()).As<float, T>()
        : Vector128.Log(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Sqrt(Vector128<T> x) => Vector128.Sqrt(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Sin(Vector128<T> x) => typeof(T) == typeof(float)
        ? Vector128.Sin(x.As<T, float>()).As<float, T>()
        : Vector128.Sin(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Cos(Vector128<T> x) => typeof(T) == typeof(float)
        ? Vector128.Cos(x.As<T, float>()).As<float, T>()
        : Vector128.Cos(x.As<T, double>()).As<double, T>();
}

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> WherePositive(Vector256<T> test, Vector256<T> value) => value & Vector256.GreaterThan(test, Vector256<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> WhereNotBelow(Vector256<T> test, Vector256<T> value) => Vector256.AndNot(value, Vector256.LessThanOrEqual(test, Vector256<T>.Zero));

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Log(Vector256<T> x) => typeof(T) == typeof(float)
        ? Vector256.Log(x.As<T, float>()).As<float, T>()
        : Vector256.Log(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Sqrt(Vector256<T> x) => Vector256.Sqrt(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Sin(Vector256<T> x) => typeof(T) == typeof(float)
        ? Vector256.Sin(x.As<T, float>()).As<float, T>()
        : Vector256.Sin(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Cos(Vector256<T> x) => typeof(T) == typeof(float)
        ? Vector256.Cos(x.As<T, float>()).As<float, T>()
        : Vector256.Cos(x.As<T, double>()).As<double, T>();
}

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> WherePositive(Vector512<T> test, Vector512<T> value) => value & Vector512.GreaterThan(test, Vector512<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> WhereNotBelow(Vector512<T> test, Vector512<T> value) => Vector512.AndNot(value, Vector512.LessThanOrEqual(test, Vector512<T>.Zero));

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Log(Vector512<T> x) => typeof(T) == typeof(float)
        ? Vector512.Log(x.As<T, float>()).As<float, T>()
        : Vector512.Log(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Sqrt(Vector512<T> x) => Vector512.Sqrt(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Sin(Vector512<T> x) => typeof(T) == typeof(float)
        ? Vector512.Sin(x.As<T, float>()).As<float, T>()
        : Vector512.Sin(x.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Cos(Vector512<T> x) => typeof(T) == typeof(float)
        ? Vector512.Cos(x.As<T, float>()).As<float, T>()
        : Vector512.Cos(x.As<T, double>()).As<double, T>();
}

/// <summary>Width of the vectors that a pass works with, in bits. Every width gives right results on every machine.</summary>
internal enum VectorWidth
{
    Bits128 = 128,
    Bits256 = 256,
    Bits512 = 512,
}

/// <summary>The width that this machine does in hardware.</summary>
internal static class VectorWidths
{
    public static VectorWidth Best { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Bits512
        : Vector256.IsHardwareAccelerated ? VectorWidth.Bits256
        : VectorWidth.Bits128;
}
