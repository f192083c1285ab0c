using System.Numerics;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// Products of many rows with a small matrix, or with each other. While no tape is written, the kernels find them on the CPU, for
/// libtorch takes two to four times as long on some processors; else, and for other sizes, libtorch does.
/// </summary>
internal static class RowProducts
{
    // A call of the kernels, which pack the matrix, costs what libtorch needs for so many.
    private const double LeastFlops = 2e6;

    // Of fewer rows most of the time goes into packing; of fewer columns most of a vector is idle.
    private const long LeastRows = 16, LeastColumns = 8;

    // What is packed, and a chunk of rows of the result, stay small.
    private const long MostColumns = 4096, MostElements = 1 << 24;

    /// <summary>A B.</summary>
    /// <param name="a">A, rows [N, k].</param>
    /// <param name="b">B [k, n].</param>
    /// <returns>[N, n].</returns>
    public static Tensor Times(this Tensor a, Tensor b) =>
        !is_grad_enabled() && CanRun(a, b) ? Product(a, b, null, isTransposed: false) : a.mm(b);

    /// <summary>A W' + c, as <c>nn.functional.linear</c>.</summary>
    /// <param name="a">A, rows [.., k].</param>
    /// <param name="weight">W [n, k].</param>
    /// <param name="bias">c [n], or null.</param>
    /// <returns>[.., n].</returns>
    public static Tensor Linear(this Tensor a, Tensor weight, Tensor? bias) =>
        !is_grad_enabled() && CanRun(a, weight, isTransposed: true, bias) ? Product(a, weight, bias, isTransposed: true) : nn.functional.linear(a, weight, bias);

    /// <summary>A'B: the sum over all rows of the products of their entries.</summary>
    /// <param name="a">A [N, m].</param>
    /// <param name="b">B [N, n].</param>
    /// <returns>[m, n].</returns>
    public static Tensor TransposedTimes(this Tensor a, Tensor b) =>
        is_grad_enabled() || a.dtype != b.dtype || a.size(0) < LeastRows || !TensorMemory.Reads(a) || !TensorMemory.Reads(b) ? a.t().mm(b)
        : a.dtype == ScalarType.Float32 ? TransposedTimes<float>(a, b)
        : TransposedTimes<double>(a, b);

    /// <summary>Whether the kernels can find the product of rows with a matrix, and are worth it.</summary>
    /// <param name="a">A, rows [.., k].</param>
    /// <param name="b">B [k, n], or B' [n, k].</param>
    /// <param name="isTransposed">Whether it is B'.</param>
    /// <param name="added">What is added to each row [n], or null.</param>
    public static bool CanRun(Tensor a, Tensor b, bool isTransposed = false, Tensor? added = null)
    {
        if (b.Dimensions != 2 || b.numel() > MostElements || 2.0 * a.numel() * b.size(isTransposed ? 0 : 1) < LeastFlops)
        {
            return false;
        }

        var (depth, columns) = (b.size(isTransposed ? 1 : 0), b.size(isTransposed ? 0 : 1));
        return columns is >= LeastColumns and <= MostColumns
            && a.size(-1) == depth && a.numel() >= LeastRows * depth
            && a.dtype == b.dtype && TensorMemory.Reads(a) && TensorMemory.Reads(b)
            && (added is null || (added.dtype == a.dtype && TensorMemory.Reads(added) && Check.HasShape(added, [columns])));
    }

    private static Tensor Product(Tensor a, Tensor b, Tensor? added, bool isTransposed) =>
        a.dtype == ScalarType.Float32 ? Product<float>(a, b, added, isTransposed) : Product<double>(a, b, added, isTransposed);

    private static unsafe Tensor Product<T>(Tensor a, Tensor b, Tensor? added, bool isTransposed)
        where T : unmanaged, INumberBase<T>
    {
        using var scope = NewDisposeScope();
        var (depth, columns) = (a.size(-1), b.size(isTransposed ? 0 : 1));
        var product = TensorMemory.Fresh([.. Check.ShapeOf(a)[..^1], columns], a); // [.., n]
        var memory = new TensorMemory<T>();
        new RowProduct<T>
        {
            A = memory.Dense(a),
            Rows = (nint)(a.numel() / depth),
            Depth = (int)depth,
            B = memory.Dense(b),
            IsTransposed = isTransposed,
            Columns = (int)columns,
            Added = memory.Dense(added),
            C = memory.Dense(product),
        }.Run(ThreadChoice.For(2.0 * a.numel() * columns));
        memory.Release();
        return product.MoveToOuterDisposeScope();
    }

    // The kernel takes whole vectors along the columns of its second factor: those of one of the two, or zeros make them whole.
    private static Tensor TransposedTimes<T>(Tensor a, Tensor b)
        where T : unmanaged, INumberBase<T>
    {
        return Missing(b) == 0 ? Sum(a, b)
            : Missing(a) == 0 ? Sum(b, a).t().contiguous()
            : b.size(1) < LeastColumns || 2.0 * a.numel() * b.size(1) < LeastFlops ? a.t().mm(b)
            : Sum(a, nn.functional.pad(b, (0, Missing(b)))).narrow(1, 0, b.size(1)).contiguous(); // [m, n]

        static long Missing(Tensor rows) => Stride.Padded<T>((nint)rows.size(1)) - rows.size(1);

        static unsafe Tensor Sum(Tensor a, Tensor b)
        {
            (a, b) = (InRows(a), InRows(b)); // [N, m] and [N, n]
            var product = empty([a.size(1), b.size(1)], dtype: a.dtype); // [m, n]
            new TallProduct<T>
            {
                A = (T*)TensorMemory.Address(a),
                AStride = (nint)a.stride(0),
                Rows = (int)a.size(1),
                B = (T*)TensorMemory.Address(b),
                BStride = (nint)b.stride(0),
                Columns = (int)b.size(1),
                Depth = (int)a.size(0),
                C = (T*)TensorMemory.Address(product),
            }.Run(ThreadChoice.For(2.0 * a.numel() * b.size(1)));
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            return product;
        }

        // An expanded row, which lies there once for all, is copied: the tile counts its steps by their distance.
        static Tensor InRows(Tensor rows) => rows.stride(1) == 1 && rows.stride(0) > 0 ? rows : rows.contiguous();
    }
}
