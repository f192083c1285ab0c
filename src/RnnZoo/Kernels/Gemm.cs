using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>Covers a product of rows by panels with tiles.</summary>
internal static unsafe class Gemm<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>With at most this many rows four vectors are taken at a time, where both factors are contiguous in k.</summary>
    public const int FewRows = 2;

    /// <summary>
    /// Panels outermost: a pair of panels stays in the first-level cache while all rows pass. The rows are split evenly,
    /// 10 into 5 + 5 and not 6 + 4 or 8 + 2, because a low tile waits for latency.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in GemmArguments<T> g)
    {
        var vector = 0;
        if (g.Rows <= FewRows && g.AStep == 1 && g.BStep == S.Lanes)
        {
            for (; vector + 4 <= g.Vectors; vector += 4)
            {
                Few(g, g.Descending ? (g.Vectors & ~3) - 4 - vector : vector);
            }
        }

        for (; vector < g.Vectors; vector += 2)
        {
            if (vector + 1 < g.Vectors)
            {
                Column<N2>(g, vector);
            }
            else
            {
                Column<N1>(g, vector);
            }
        }
    }

    // All rows of one or two vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Column<C>(in GemmArguments<T> g, int vector)
        where C : struct, ITileSize
    {
        var tiles = (g.Rows + S.TileRows - 1) / S.TileRows;
        var height = g.Rows / tiles;
        var higher = g.Rows % tiles;
        if (higher > 0)
        {
            Tiles<C>(g, 0, higher, height + 1, vector);
        }

        Tiles<C>(g, higher * (height + 1), tiles - higher, height, vector);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Few(in GemmArguments<T> g, int vector)
    {
        if (g.Rows == 1)
        {
            FewRowsTile<S, V, T>.Run<N1>(g, vector);
        }
        else
        {
            FewRowsTile<S, V, T>.Run<N2>(g, vector);
        }
    }

    // Tiles of equal height below each other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<C>(in GemmArguments<T> g, int row, int tiles, int height, int vector)
        where C : struct, ITileSize
    {
        switch (height)
        {
            case 1: RowTile<S, V, T>.Run<N1, C>(g, row, tiles, vector); break;
            case 2: RowTile<S, V, T>.Run<N2, C>(g, row, tiles, vector); break;
            case 3: RowTile<S, V, T>.Run<N3, C>(g, row, tiles, vector); break;
            case 4: RowTile<S, V, T>.Run<N4, C>(g, row, tiles, vector); break;
            case 5: RowTile<S, V, T>.Run<N5, C>(g, row, tiles, vector); break;
            case 6: RowTile<S, V, T>.Run<N6, C>(g, row, tiles, vector); break;
            case 7: RowTile<S, V, T>.Run<N7, C>(g, row, tiles, vector); break;
            default: RowTile<S, V, T>.Run<N8, C>(g, row, tiles, vector); break;
        }
    }
}

/// <summary>
/// C[row, vector] = Init[row, vector] + Σ_k A[row, k] · B[vector][k], where a vector is one register of columns and
/// B[vector] is for each k one register's worth of the right factor: a packed panel of weights, or columns of dense rows.
/// All strides are in elements.
/// </summary>
internal unsafe struct GemmArguments<T>
    where T : unmanaged
{
    /// <summary>[Rows, Depth] the left factor, element k of row r at A + r·AStride + k·AStep. Read.</summary>
    public T* A;
    public nint AStride;
    public nint AStep;
    public int Rows;

    /// <summary>How many k are summed.</summary>
    public int Depth;

    /// <summary>Vector v of k at B + v·BStride + k·BStep: BStep is Lanes in a packed panel, the length of a row in dense rows. Read.</summary>
    public T* B;
    public nint BStride;
    public nint BStep;
    public int Vectors;

    /// <summary>Start values of row r and vector v at Init + r·InitStride + v·InitVectorStride (stride 0: the same for all). Read.</summary>
    public T* Init;
    public nint InitStride;
    public nint InitVectorStride;

    /// <summary>Result of row r and vector v at C + r·CStride + v·CVectorStride. Written; may be Init itself.</summary>
    public T* C;
    public nint CStride;
    public nint CVectorStride;

    /// <summary>
    /// Whether few rows take the vectors last to first. Every other step of a recurrence does: weights larger than the
    /// first-level cache, read in the same order each time, would always have been pushed out just before their turn.
    /// </summary>
    public bool Descending;
}

/// <summary>
/// The micro-kernel for 1 or 2 rows (a batch of one, above all): 4 vectors wide, because a tile of two would wait for
/// the latency of its few multiply-adds. A single row has two sums per vector, one for even k and one for odd.
/// </summary>
internal static unsafe class FewRowsTile<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>Computes all R = 1 or 2 rows and vectors [vector, vector + 4) of <paramref name="g"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<R>(in GemmArguments<T> g, int vector)
        where R : struct, ITileSize
    {
        var a0 = g.A;
        var a1 = R.Value > 1 ? a0 + g.AStride : a0;
        var b0 = g.B + (vector * g.BStride);
        var b1 = b0 + g.BStride;
        var b2 = b1 + g.BStride;
        var b3 = b2 + g.BStride;

        var init = g.Init + (vector * g.InitVectorStride);
        var step = g.InitVectorStride;
        V c00 = S.Load(init), c01 = S.Load(init + step), c02 = S.Load(init + (2 * step)), c03 = S.Load(init + (3 * step));
        V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero, c13 = S.Zero; // row 1, or odd k of a single row
        if (R.Value > 1)
        {
            init += g.InitStride;
            (c10, c11, c12, c13) = (S.Load(init), S.Load(init + step), S.Load(init + (2 * step)), S.Load(init + (3 * step)));
        }

        nint depth = g.Depth;
        nint k = 0;
        nint offset = 0;
        if (R.Value == 1)
        {
            for (; k + 1 < depth; k += 2, offset += 2 * S.Lanes)
            {
                var even = S.Broadcast(a0 + k);
                var odd = S.Broadcast(a0 + k + 1);
                c00 = S.MultiplyAdd(even, S.Load(b0 + offset), c00);
                c01 = S.MultiplyAdd(even, S.Load(b1 + offset), c01);
                c02 = S.MultiplyAdd(even, S.Load(b2 + offset), c02);
                c03 = S.MultiplyAdd(even, S.Load(b3 + offset), c03);
                c10 = S.MultiplyAdd(odd, S.Load(b0 + offset + S.Lanes), c10);
                c11 = S.MultiplyAdd(odd, S.Load(b1 + offset + S.Lanes), c11);
                c12 = S.MultiplyAdd(odd, S.Load(b2 + offset + S.Lanes), c12);
                c13 = S.MultiplyAdd(odd, S.Load(b3 + offset + S.Lanes), c13);
            }
        }

        for (; k < depth; k++, offset += S.Lanes)
        {
            V w0 = S.Load(b0 + offset), w1 = S.Load(b1 + offset), w2 = S.Load(b2 + offset), w3 = S.Load(b3 + offset);
            var x = S.Broadcast(a0 + k);
            (c00, c01) = (S.MultiplyAdd(x, w0, c00), S.MultiplyAdd(x, w1, c01));
            (c02, c03) = (S.MultiplyAdd(x, w2, c02), S.MultiplyAdd(x, w3, c03));
            if (R.Value > 1)
            {
                x = S.Broadcast(a1 + k);
                (c10, c11) = (S.MultiplyAdd(x, w0, c10), S.MultiplyAdd(x, w1, c11));
                (c12, c13) = (S.MultiplyAdd(x, w2, c12), S.MultiplyAdd(x, w3, c13));
            }
        }

        if (R.Value == 1)
        {
            (c00, c01, c02, c03) = (S.Add(c00, c10), S.Add(c01, c11), S.Add(c02, c12), S.Add(c03, c13));
        }

        var target = g.C + (vector * g.CVectorStride);
        Put(target, g.CVectorStride, c00, c01, c02, c03);
        if (R.Value > 1)
        {
            Put(target + g.CStride, g.CVectorStride, c10, c11, c12, c13);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T* target, nint next, V v0, V v1, V v2, V v3)
    {
        S.Store(target, v0);
        S.Store(target + next, v1);
        S.Store(target + (2 * next), v2);
        S.Store(target + (3 * next), v3);
    }
}
