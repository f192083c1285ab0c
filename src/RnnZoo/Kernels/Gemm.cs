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
        where C : struct, ICount
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
        where C : struct, ICount
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
