using System.Numerics;
using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>
/// A matrix B [k, n] as the right factor of products with rows. It lies in groups of up to 8 vectors of columns, as even as can be,
/// and in a group by rows of B: [group][k, vectors, lanes], zeros beyond n. So the product of a single row reads it once, from the
/// first byte to the last, and each element of the row goes into 8 sums, which is what hides that a multiply-add takes its time.
/// </summary>
internal static unsafe class ColumnPanels<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    private const int MostVectors = 8;

    /// <summary>Elements of packed columns, which is also what a row of their product takes where k is 1.</summary>
    public static nint Elements(int columns, int depth) => (nint)VectorsOf(columns) * S.Lanes * depth;

    /// <summary>Packs B; one of the strides is 1.</summary>
    /// <param name="b">Element of row k and column c at b + k·depthStride + c·columnStride. Read.</param>
    /// <param name="columnStride">1 for B as it is.</param>
    /// <param name="depthStride">1 for weights [n, k], that is B'.</param>
    /// <param name="columns">n.</param>
    /// <param name="depth">k.</param>
    /// <param name="panels"><see cref="Elements"/> of them, zeros. Written.</param>
    public static void Pack(T* b, nint columnStride, nint depthStride, int columns, int depth, T* panels)
    {
        var vectors = VectorsOf(columns);
        for (var (group, first) = (0, 0); first < vectors; group++)
        {
            var count = Partition.Start(vectors, group + 1, GroupsOf(vectors)) - first;
            var (stride, lanes) = (count * S.Lanes, Math.Min(count * S.Lanes, columns - (first * S.Lanes)));
            var source = b + (first * S.Lanes * columnStride);
            if (depthStride == 1)
            {
                Transposition<T>.Run(panels, stride, source, columnStride, lanes, depth);
            }
            else
            {
                RowBlock<S, V, T>.Copy(panels, stride, source, depthStride, depth, lanes);
            }

            panels += (nint)depth * stride;
            first += count;
        }
    }

    /// <summary>C = A B + c.</summary>
    /// <param name="a">A [rows, k]. Read.</param>
    /// <param name="aStride">Elements from one row of A to the next.</param>
    /// <param name="rows">How many there are.</param>
    /// <param name="depth">k.</param>
    /// <param name="panels">B, packed. Read.</param>
    /// <param name="columns">n.</param>
    /// <param name="added">c [rows, n], in whole vectors. Read.</param>
    /// <param name="addedStride">Elements from one row of c to the next; 0 if all are the same.</param>
    /// <param name="c">C [rows, n], in whole vectors; may be c itself. Written.</param>
    /// <param name="cStride">Elements from one row of C to the next.</param>
    public static void Multiply(T* a, nint aStride, int rows, int depth, T* panels, int columns, T* added, nint addedStride, T* c, nint cStride)
    {
        var vectors = VectorsOf(columns);
        var groups = GroupsOf(vectors);
        for (var (group, vector) = (0, 0); group < groups; group++)
        {
            var count = Partition.Start(vectors, group + 1, groups) - vector;
            if (rows == 1)
            {
                Row(count, a, depth, panels, added, c);
            }
            else
            {
                Gemm<S, V, T>.Run(new GemmArguments<T>
                {
                    A = a,
                    AStride = aStride,
                    AStep = 1,
                    Rows = rows,
                    Depth = depth,
                    B = panels,
                    BStride = S.Lanes,
                    BStep = (nint)count * S.Lanes,
                    Vectors = count,
                    Init = added,
                    InitStride = addedStride,
                    InitVectorStride = S.Lanes,
                    C = c,
                    CStride = cStride,
                    CVectorStride = S.Lanes,
                });
            }

            panels += (nint)depth * count * S.Lanes;
            added += count * S.Lanes;
            c += count * S.Lanes;
            vector += count;
        }
    }

    private static int VectorsOf(int columns) => (columns + S.Lanes - 1) / S.Lanes;

    private static int GroupsOf(int vectors) => (vectors + MostVectors - 1) / MostVectors;

    private static void Row(int count, T* a, int depth, T* panel, T* from, T* to)
    {
        switch (count)
        {
            case 1: Row<N1>(a, depth, panel, from, to); break;
            case 2: Row<N2>(a, depth, panel, from, to); break;
            case 3: Row<N3>(a, depth, panel, from, to); break;
            case 4: Row<N4>(a, depth, panel, from, to); break;
            case 5: Row<N5>(a, depth, panel, from, to); break;
            case 6: Row<N6>(a, depth, panel, from, to); break;
            case 7: Row<N7>(a, depth, panel, from, to); break;
            default: Row<N8>(a, depth, panel, from, to); break;
        }
    }

    // A single row: the sums of C vectors of columns stay in registers while k runs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<C>(T* a, int depth, T* panel, T* from, T* to)
        where C : struct, ITileSize
    {
        nint lanes = S.Lanes;
        V c0 = S.Load(from);
        var c1 = C.Value > 1 ? S.Load(from + lanes) : S.Zero;
        var c2 = C.Value > 2 ? S.Load(from + (2 * lanes)) : S.Zero;
        var c3 = C.Value > 3 ? S.Load(from + (3 * lanes)) : S.Zero;
        var c4 = C.Value > 4 ? S.Load(from + (4 * lanes)) : S.Zero;
        var c5 = C.Value > 5 ? S.Load(from + (5 * lanes)) : S.Zero;
        var c6 = C.Value > 6 ? S.Load(from + (6 * lanes)) : S.Zero;
        var c7 = C.Value > 7 ? S.Load(from + (7 * lanes)) : S.Zero;
        for (var end = a + depth; a < end; a++, panel += C.Value * lanes)
        {
            var x = S.Broadcast(a);
            c0 = S.MultiplyAdd(x, S.Load(panel), c0);
            c1 = C.Value > 1 ? S.MultiplyAdd(x, S.Load(panel + lanes), c1) : c1;
            c2 = C.Value > 2 ? S.MultiplyAdd(x, S.Load(panel + (2 * lanes)), c2) : c2;
            c3 = C.Value > 3 ? S.MultiplyAdd(x, S.Load(panel + (3 * lanes)), c3) : c3;
            c4 = C.Value > 4 ? S.MultiplyAdd(x, S.Load(panel + (4 * lanes)), c4) : c4;
            c5 = C.Value > 5 ? S.MultiplyAdd(x, S.Load(panel + (5 * lanes)), c5) : c5;
            c6 = C.Value > 6 ? S.MultiplyAdd(x, S.Load(panel + (6 * lanes)), c6) : c6;
            c7 = C.Value > 7 ? S.MultiplyAdd(x, S.Load(panel + (7 * lanes)), c7) : c7;
        }

        S.Store(to, c0);
        Put<C>(1, to, c1);
        Put<C>(2, to, c2);
        Put<C>(3, to, c3);
        Put<C>(4, to, c4);
        Put<C>(5, to, c5);
        Put<C>(6, to, c6);
        Put<C>(7, to, c7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<C>(int vector, T* to, V sum)
        where C : struct, ITileSize
    {
        if (C.Value > vector)
        {
            S.Store(to + (vector * S.Lanes), sum);
        }
    }
}
