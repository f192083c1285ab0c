using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// What tells one element-wise recurrence from another: h_t of an entry is a function of h_{t-1} of the same entry, of what
/// was found for all steps before the loop, and of a number that its unit has.
/// </summary>
/// <typeparam name="V">A vector of entries.</typeparam>
internal interface IElementCell<V>
    where V : struct
{
    /// <summary>How many arrays the step reads, 1 to 3.</summary>
    static abstract int Inputs { get; }

    /// <summary>How many arrays the backward step reads, besides h.</summary>
    static abstract int Kept { get; }

    /// <summary>Whether a unit has a number of its own.</summary>
    static virtual bool HasParameter => false;

    /// <summary>The step.</summary>
    /// <param name="x">What it reads.</param>
    /// <param name="parameter">The unit's number.</param>
    /// <param name="before">h_{t-1}.</param>
    /// <param name="kept">What the backward step will read.</param>
    /// <returns>h_t.</returns>
    static abstract V Advance(in ElementValues<V> x, V parameter, V before, out ElementValues<V> kept);

    /// <summary>The step back.</summary>
    /// <param name="dH">∂L/∂h_t in full.</param>
    /// <param name="kept">What the step kept.</param>
    /// <param name="parameter">The unit's number.</param>
    /// <param name="before">h_{t-1}.</param>
    /// <param name="h">h_t.</param>
    /// <param name="dX">∂L/∂x.</param>
    /// <param name="dParameter">The entry's part of the gradient of the unit's number.</param>
    /// <returns>What goes on to h_{t-1}.</returns>
    static abstract V Return(V dH, in ElementValues<V> kept, V parameter, V before, V h, out ElementValues<V> dX, out V dParameter);
}

/// <summary>A vector of each array.</summary>
internal struct ElementValues<V>
    where V : struct
{
    public V A, B, C;
}

/// <summary>
/// The minGRU:
/// <code>
/// (1)  z = σ(a),   h = h' + z (g - h')                          h': the step before
/// (2)  dg = dh z,   da = (dh g - dh h') (z - z z),   dh' = dh - dg
/// </code>
/// </summary>
internal readonly struct MinGruElement<S, V, T> : IElementCell<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public static int Inputs => 2;

    public static int Kept => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Advance(in ElementValues<V> x, V parameter, V before, out ElementValues<V> kept)
    {
        kept = new ElementValues<V> { A = VectorMath<S, V, T>.Sigmoid(x.A), B = x.B };
        return S.MultiplyAdd(kept.A, S.Subtract(x.B, before), before); // (1)
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Return(V dH, in ElementValues<V> kept, V parameter, V before, V h, out ElementValues<V> dX, out V dParameter)
    {
        var z = kept.A;
        dX = new ElementValues<V>
        {
            A = S.Multiply(S.Multiply(dH, S.Subtract(kept.B, before)), S.Subtract(z, S.Multiply(z, z))), // (2)
            B = S.Multiply(dH, z), // (2)
        };
        dParameter = S.Zero;
        return S.Subtract(dH, dX.B); // (2)
    }
}

/// <summary>
/// The IndRNN:
/// <code>
/// (1)  h = max(p + u h', 0)                                     h': the step before
/// (2)  dp = dh [h &gt; 0],   dh' = u dp,   du = dp h'
/// </code>
/// </summary>
internal readonly struct IndRnnElement<S, V, T> : IElementCell<V>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public static int Inputs => 1;

    public static int Kept => 0;

    public static bool HasParameter => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Advance(in ElementValues<V> x, V parameter, V before, out ElementValues<V> kept)
    {
        kept = default;
        var z = S.MultiplyAdd(parameter, before, x.A);
        return S.WhereNotBelow(z, z); // (1)
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Return(V dH, in ElementValues<V> kept, V parameter, V before, V h, out ElementValues<V> dX, out V dParameter)
    {
        dX = new ElementValues<V> { A = S.WhereNotBelow(h, dH) }; // (2)
        dParameter = S.Multiply(dX.A, before); // (2)
        return S.Multiply(dX.A, parameter); // (2)
    }
}
