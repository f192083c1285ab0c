using System.Runtime.CompilerServices;

namespace RnnZoo.Bptt.Kernels;

/// <summary>Covers a product of rows by packed panels with tiles.</summary>
internal static unsafe class Gemm<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>With at most this many rows four vectors are taken at a time.</summary>
    public const int FewRows = 2;

    /// <summary>
    /// Panels outermost: a pair of panels stays in the first-level cache while all rows pass. The rows are split evenly,
    /// 10 into 5 + 5 and not 6 + 4 or 8 + 2, because a low tile waits for latency.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in GemmArguments<T> g)
    {
        var vector = 0;
        if (g.Rows <= FewRows)
        {
            for (; vector + 4 <= g.Vectors; vector += 4)
            {
                Few(g, g.Descending ? (g.Vectors & ~3) - 4 - vector : vector);
            }
        }

        var tiles = (g.Rows + S.TileRows - 1) / S.TileRows;
        var height = g.Rows / tiles;
        var higher = g.Rows % tiles;
        for (; vector < g.Vectors; vector += 2)
        {
            var row = 0;
            for (var tile = 0; tile < tiles; tile++)
            {
                var rows = tile < higher ? height + 1 : height;
                if (vector + 1 < g.Vectors)
                {
                    Tile<N2>(g, row, rows, vector);
                }
                else
                {
                    Tile<N1>(g, row, rows, vector);
                }

                row += rows;
            }
        }
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

    /// <summary>One tile of at most <see cref="ISimd{V,T}.TileRows"/> rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile<C>(in GemmArguments<T> g, int row, int rows, int vector)
        where C : struct, ICount
    {
        switch (rows)
        {
            case 1: RowTile<S, V, T>.Run<N1, C>(g, row, vector); break;
            case 2: RowTile<S, V, T>.Run<N2, C>(g, row, vector); break;
            case 3: RowTile<S, V, T>.Run<N3, C>(g, row, vector); break;
            case 4: RowTile<S, V, T>.Run<N4, C>(g, row, vector); break;
            case 5: RowTile<S, V, T>.Run<N5, C>(g, row, vector); break;
            case 6: RowTile<S, V, T>.Run<N6, C>(g, row, vector); break;
            case 7: RowTile<S, V, T>.Run<N7, C>(g, row, vector); break;
            default: RowTile<S, V, T>.Run<N8, C>(g, row, vector); break;
        }
    }
}
