using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// The micro-kernel of few rows: up to half of a tile's rows by 4 vectors of C, which is what the registers hold. With two
/// vectors, as in <see cref="RowTile{S,V,T}"/>, there would be fewer sums than multiply-adds can be under way, and each would wait
/// longer for the one before. The sums are the same, added in the same order.
/// </summary>
internal static unsafe class LowTile<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    public const int Vectors = 4;

    /// <summary>4 of 512 bits, 3 below: a fourth row made steps 20 % longer there.</summary>
    public static int MostRows => S.TileRows / 2;

    /// <summary>All rows of four vectors of <paramref name="g"/>, from <paramref name="vector"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<R>(in GemmArguments<T> g, int vector)
        where R : struct, ITileSize
    {
        var a0 = g.A;
        var a1 = R.Value > 1 ? a0 + g.AStride : a0;
        var a2 = R.Value > 2 ? a1 + g.AStride : a0;
        var a3 = R.Value > 3 ? a2 + g.AStride : a0;
        var b0 = g.B + (vector * g.BStride);
        var b1 = b0 + g.BStride;
        var b2 = b1 + g.BStride;
        var b3 = b2 + g.BStride;
        var next = g.InitVectorStride;
        var init = g.Init + (vector * next);
        V c00 = S.Load(init), c01 = S.Load(init + next), c02 = S.Load(init + (2 * next)), c03 = S.Load(init + (3 * next));
        V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero, c13 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero, c22 = S.Zero, c23 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero, c32 = S.Zero, c33 = S.Zero;
        if (R.Value > 1)
        {
            init += g.InitStride;
            (c10, c11, c12, c13) = (S.Load(init), S.Load(init + next), S.Load(init + (2 * next)), S.Load(init + (3 * next)));
        }

        if (R.Value > 2)
        {
            init += g.InitStride;
            (c20, c21, c22, c23) = (S.Load(init), S.Load(init + next), S.Load(init + (2 * next)), S.Load(init + (3 * next)));
        }

        if (R.Value > 3)
        {
            init += g.InitStride;
            (c30, c31, c32, c33) = (S.Load(init), S.Load(init + next), S.Load(init + (2 * next)), S.Load(init + (3 * next)));
        }

        var (step, bStep, end) = (g.AStep, g.BStep, g.Depth * g.AStep);
        for (nint k = 0, at = 0; k < end; k += step, at += bStep)
        {
            var x0 = S.Broadcast(a0 + k);
            var x1 = R.Value > 1 ? S.Broadcast(a1 + k) : S.Zero;
            var x2 = R.Value > 2 ? S.Broadcast(a2 + k) : S.Zero;
            var x3 = R.Value > 3 ? S.Broadcast(a3 + k) : S.Zero;
            Add<R>(S.Load(b0 + at), x0, x1, x2, x3, ref c00, ref c10, ref c20, ref c30);
            Add<R>(S.Load(b1 + at), x0, x1, x2, x3, ref c01, ref c11, ref c21, ref c31);
            Add<R>(S.Load(b2 + at), x0, x1, x2, x3, ref c02, ref c12, ref c22, ref c32);
            Add<R>(S.Load(b3 + at), x0, x1, x2, x3, ref c03, ref c13, ref c23, ref c33);
        }

        next = g.CVectorStride;
        var target = g.C + (vector * next);
        Put(target, next, c00, c01, c02, c03);
        if (R.Value > 1)
        {
            Put(target += g.CStride, next, c10, c11, c12, c13);
        }

        if (R.Value > 2)
        {
            Put(target += g.CStride, next, c20, c21, c22, c23);
        }

        if (R.Value > 3)
        {
            Put(target + g.CStride, next, c30, c31, c32, c33);
        }
    }

    // One vector's share of one k.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<R>(V w, V x0, V x1, V x2, V x3, ref V c0, ref V c1, ref V c2, ref V c3)
        where R : struct, ITileSize
    {
        c0 = S.MultiplyAdd(x0, w, c0);
        if (R.Value > 1)
        {
            c1 = S.MultiplyAdd(x1, w, c1);
        }

        if (R.Value > 2)
        {
            c2 = S.MultiplyAdd(x2, w, c2);
        }

        if (R.Value > 3)
        {
            c3 = S.MultiplyAdd(x3, w, c3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T* target, nint next, V c0, V c1, V c2, V c3)
    {
        S.Store(target, c0);
        S.Store(target + next, c1);
        S.Store(target + (2 * next), c2);
        S.Store(target + (3 * next), c3);
    }
}
