using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// C = A'B for A [N, m] and B [N, n] with many more rows than columns: the gradient of weights, from what the steps left. The
/// columns of A are split over the threads; a chunk of rows is multiplied while it is in the second-level cache. A result does not
/// depend on the threads.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal unsafe struct TallProduct<T>
    where T : unmanaged, INumberBase<T>
{
    /// <summary>A [N, m]; its rows lie apart, AStride is not 0. Read.</summary>
    public T* A;
    public nint AStride;

    /// <summary>m.</summary>
    public int Rows;

    /// <summary>B [N, n]. Read.</summary>
    public T* B;
    public nint BStride;

    /// <summary>n: whole vectors of every width, that is whole cache lines.</summary>
    public int Columns;

    /// <summary>N.</summary>
    public int Depth;

    /// <summary>C [m, n]. Written.</summary>
    public T* C;

    /// <summary>Finds C.</summary>
    public readonly void Run(int threads, VectorWidth? width = null)
    {
        var parts = Math.Clamp(threads, 1, Rows);
        ParallelWork work = (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => new Work<Simd512<T>, Vector512<T>>(this, parts),
            VectorWidth.Bits256 => new Work<Simd256<T>, Vector256<T>>(this, parts),
            _ => new Work<Simd128<T>, Vector128<T>>(this, parts),
        };
        WorkerPool.Run(work, parts);
    }

    private sealed class Work<S, V>(TallProduct<T> product, int parts) : ParallelWork
        where S : struct, ISimd<V, T>
        where V : struct
    {
        // As many rows as leave loading and storing the sums small beside adding to them; two vectors of B of so many rows
        // stay in the first-level cache.
        private const int Chunk = 160;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Run(int part)
        {
            var (first, last) = (Partition.Start(product.Rows, part, parts), Partition.Start(product.Rows, part + 1, parts));
            var c = product.C + ((nint)first * product.Columns);
            RowBlock<S, V, T>.Clear(c, (nint)(last - first) * product.Columns);
            for (nint row = 0; row < product.Depth; row += Chunk)
            {
                Gemm<S, V, T>.Run(new GemmArguments<T>
                {
                    A = product.A + (row * product.AStride) + first,
                    AStride = 1,
                    AStep = product.AStride,
                    Rows = last - first,
                    Depth = (int)nint.Min(Chunk, product.Depth - row),
                    B = product.B + (row * product.BStride),
                    BStride = S.Lanes,
                    BStep = product.BStride,
                    Vectors = product.Columns / S.Lanes,
                    Init = c,
                    InitStride = product.Columns,
                    InitVectorStride = S.Lanes,
                    C = c,
                    CStride = product.Columns,
                    CVectorStride = S.Lanes,
                });
            }
        }
    }
}
