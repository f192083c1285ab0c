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

    /// <summary><paramref name="value"/> where <paramref name="test"/> is above zero, NaN where it is NaN, else zero.</summary>
    static abstract V WherePositive(V test, V value);

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
}
