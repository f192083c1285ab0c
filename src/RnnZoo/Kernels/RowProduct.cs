using System.Numerics;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// C = A B + c for many rows A [N, k] and a small B [k, n]: what a readout makes of states, and what its weights send back to them.
/// B is packed once; the rows are split over the threads and pass some at a time. A result does not depend on the threads.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal unsafe struct RowProduct<T>
    where T : unmanaged, INumberBase<T>
{
    /// <summary>A [N, k], dense. Read.</summary>
    public T* A;

    /// <summary>N.</summary>
    public nint Rows;

    /// <summary>k.</summary>
    public int Depth;

    /// <summary>B [k, n], dense; where <see cref="IsTransposed"/> B' [n, k], as weights stand. Read.</summary>
    public T* B;

    /// <summary>Whether B stands as its transpose.</summary>
    public bool IsTransposed;

    /// <summary>n.</summary>
    public int Columns;

    /// <summary>c [n]; null for zeros. Read.</summary>
    public T* Added;

    /// <summary>C [N, n], dense. Written.</summary>
    public T* C;

    /// <summary>Finds C.</summary>
    public readonly void Run(int threads, VectorWidth? width = null)
    {
        var parts = (int)nint.Clamp(Rows, 1, threads);
        var padded = Stride.Padded<T>(Columns);
        var results = padded == Columns ? 0 : parts * Chunk;
        using var memory = NativeBuffer.Rent((nuint)((Depth + 1 + results) * padded * sizeof(T)));
        var panels = (T*)memory.Pointer;
        ParallelWork work = (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => new Work<Simd512<T>, Vector512<T>>(this, parts, panels),
            VectorWidth.Bits256 => new Work<Simd256<T>, Vector256<T>>(this, parts, panels),
            _ => new Work<Simd128<T>, Vector128<T>>(this, parts, panels),
        };
        WorkerPool.Run(work, parts);
    }

    // So many rows stay in the second-level cache while all panels pass.
    private const int Chunk = 128;

    private sealed class Work<S, V> : ParallelWork
        where S : struct, ISimd<V, T>
        where V : struct
    {
        private readonly RowProduct<T> _product;
        private readonly int _parts;
        private readonly nint _padded; // n in whole cache lines
        private readonly T* _panels;
        private readonly T* _added; // [padded]
        private readonly T* _results; // [part][Chunk, padded], where rows of C are not of whole lines

        /// <param name="product">What is to be found.</param>
        /// <param name="parts">How many parts the rows are split into.</param>
        /// <param name="memory">[k + 1, padded], and as many results.</param>
        public Work(RowProduct<T> product, int parts, T* memory)
        {
            (_product, _parts, _padded) = (product, parts, Stride.Padded<T>(product.Columns));
            _panels = memory;
            _added = memory + (product.Depth * _padded);
            _results = _added + _padded;
            RowBlock<S, V, T>.Clear(_panels, (product.Depth + 1) * _padded);
            var (columnStride, depthStride) = product.IsTransposed ? (product.Depth, 1) : (1, product.Columns);
            ColumnPanels<S, V, T>.Pack(product.B, columnStride, depthStride, product.Columns, product.Depth, _panels);
            if (product.Added != null)
            {
                RowBlock<S, V, T>.Copy(_added, 0, product.Added, 0, 1, product.Columns);
            }
        }

        public override void Run(int part)
        {
            var isWhole = _padded == _product.Columns; // then rows are written where they belong
            var (row, last) = (_product.Rows * part / _parts, _product.Rows * (part + 1) / _parts);
            for (; row < last; row += Chunk)
            {
                var rows = (int)nint.Min(Chunk, last - row);
                var target = _product.C + (row * _product.Columns);
                var result = isWhole ? target : _results + (part * Chunk * _padded);
                ColumnPanels<S, V, T>.Multiply(_product.A + (row * _product.Depth), _product.Depth, rows, _product.Depth, _panels, _product.Columns, _added, 0, result, _padded);
                if (!isWhole)
                {
                    RowBlock<S, V, T>.Copy(target, _product.Columns, result, _padded, rows, _product.Columns);
                }
            }
        }
    }
}
