using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>Covers a product of rows by panels with tiles.</summary>
internal static unsafe class Gemm<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>
    /// Panels outermost: a pair of panels stays in the first-level cache while all rows pass. The rows are split evenly,
    /// 10 into 5 + 5 and not 6 + 4 or 8 + 2, because a low tile waits for latency. Where there are few rows, four panels pass together.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in GemmArguments<T> g)
    {
        var low = g.Rows <= LowTile<S, V, T>.MostRows ? g.Vectors - (g.Vectors % LowTile<S, V, T>.Vectors) : 0;
        for (var vector = 0; vector < low; vector += LowTile<S, V, T>.Vectors)
        {
            switch (g.Rows)
            {
                case 1: LowTile<S, V, T>.Run<N1>(g, vector); break;
                case 2: LowTile<S, V, T>.Run<N2>(g, vector); break;
                case 3: LowTile<S, V, T>.Run<N3>(g, vector); break;
                default: LowTile<S, V, T>.Run<N4>(g, vector); break;
            }
        }

        for (var vector = low; vector < g.Vectors; vector += 2)
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
    /// <summary>[Rows, Depth] the left factor, element k of row r at A + r·AStride + k·AStep; AStep is above 0. Read.</summary>
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
}
