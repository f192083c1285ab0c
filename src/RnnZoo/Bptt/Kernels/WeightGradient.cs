using System.Runtime.CompilerServices;

namespace RnnZoo.Bptt.Kernels;

/// <summary>
/// Adds a chunk of steps to a part's weight gradient: features ᵀ · column gradients, summed over the chunk's rows (one row
/// per step and batch entry). Done chunk by chunk while the column gradients are still in the cache, the whole sequence's
/// column gradients are never stored. Each tile is the micro-kernel once more, with features as rows and chunk rows as k.
/// </summary>
internal static unsafe class WeightGradient<C, S, V, T>
    where C : struct, ICell<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>Elements for the packed features of a chunk of at most <paramref name="rows"/> rows.</summary>
    public static nint PackedSize(int features, int rows) =>
        ((nint)(features + S.TileRows - 1) / S.TileRows * S.TileRows * rows) + S.Lanes;

    /// <summary>
    /// Packs rows [first, first + count) of a chunk of <paramref name="depth"/> rows as [tile of features][row, tile
    /// rows]: <paramref name="width"/> elements of each source row (null for zeros), then a 1 for the bias if asked for.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(T* packed, int depth, int first, int count, T* source, nint sourceStride, int width, bool bias, T one)
    {
        var tile = S.TileRows;
        var whole = source == null ? 0 : width / tile;
        for (var row = 0; row < count; row++)
        {
            var target = packed + ((nint)(first + row) * tile);
            var from = source + (row * sourceStride);
            var next = (nint)depth * tile;
            for (var block = 0; block < whole; block++)
            {
                Unsafe.CopyBlockUnaligned(target, from, (uint)(S.TileRows * sizeof(T)));
                target += next;
                from += tile;
            }

            for (var feature = whole * tile; feature < width; feature++)
            {
                packed[((nint)(feature / tile) * next) + ((first + row) * tile) + (feature % tile)] =
                    source == null ? default : source[(row * sourceStride) + feature];
            }

            if (bias)
            {
                packed[((nint)(width / tile) * next) + ((first + row) * tile) + (width % tile)] = one;
            }
        }
    }

    /// <summary>
    /// Adds the product of packed features and column panels, or stores it if <paramref name="start"/>.
    /// </summary>
    /// <param name="packed">Features as <see cref="Pack"/> leaves them.</param>
    /// <param name="features">How many.</param>
    /// <param name="panels">[unit block, column][row, lanes] column gradients; first row of the chunk.</param>
    /// <param name="panelStride">From one column's panel to the next one's.</param>
    /// <param name="depth">Rows of the chunk.</param>
    /// <param name="columns">The first of the G columns to take of each unit block.</param>
    /// <param name="unitBlocks">Unit blocks.</param>
    /// <param name="sums">[unit block, gate][features, lanes] the part's sums. Read unless start; written.</param>
    /// <param name="zero">One vector of zeros.</param>
    /// <param name="start">Whether this is the part's first chunk.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(
        T* packed, int features, T* panels, nint panelStride, int depth, int columns, int unitBlocks, T* sums, T* zero, bool start)
    {
        var total = unitBlocks * C.Gates;
        nint sumSize = (nint)features * S.Lanes;
        for (var vector = 0; vector < total; vector += 2)
        {
            var panel = Panel(panels, panelStride, columns, vector);
            var pair = vector + 1 < total;
            var g = new GemmArguments<T>
            {
                AStride = 1,
                AStep = S.TileRows,
                Depth = depth,
                B = panel,
                BStride = pair ? (nint)(Panel(panels, panelStride, columns, vector + 1) - panel) : 0,
                InitStride = start ? 0 : S.Lanes,
                InitVectorStride = start ? 0 : sumSize,
                CStride = S.Lanes,
                CVectorStride = sumSize,
            };
            for (var feature = 0; feature < features; feature += S.TileRows)
            {
                g.A = packed + ((nint)feature * depth);
                g.C = sums + (vector * sumSize) + ((nint)feature * S.Lanes);
                g.Init = start ? zero : g.C;
                var rows = Math.Min(S.TileRows, features - feature);
                if (pair)
                {
                    Gemm<S, V, T>.Tile<N2>(g, 0, rows, 0);
                }
                else
                {
                    Gemm<S, V, T>.Tile<N1>(g, 0, rows, 0);
                }
            }
        }
    }

    private static T* Panel(T* panels, nint panelStride, int columns, int vector) =>
        panels + (((vector / C.Gates * C.Columns) + columns + (vector % C.Gates)) * panelStride);
}
