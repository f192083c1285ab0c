using System.Numerics;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// Products of many rows with little else: on the CPU by the kernels, for libtorch takes two to four times as long for them on some
/// processors; by libtorch where the result is to be differentiated, and on other devices.
/// </summary>
internal static class RowProducts
{
    // A call of the kernels, which pack one factor, costs what libtorch needs for so many.
    private const double LeastFlops = 2e6;

    /// <summary>A B.</summary>
    /// <param name="a">A, rows [.., k].</param>
    /// <param name="b">B [k, n].</param>
    /// <returns>[.., n].</returns>
    public static Tensor Times(this Tensor a, Tensor b) =>
        is_grad_enabled() || !CanRun(a, b) ? a.matmul(b)
        : a.dtype == ScalarType.Float32 ? Product<float>(a, b, null, isTransposed: false)
        : Product<double>(a, b, null, isTransposed: false);

    /// <summary>A W' + c, as <c>nn.functional.linear</c>.</summary>
    /// <param name="a">A, rows [.., k].</param>
    /// <param name="weight">W [n, k].</param>
    /// <param name="bias">c [n], or null.</param>
    /// <returns>[.., n].</returns>
    public static Tensor Linear(this Tensor a, Tensor weight, Tensor? bias) =>
        is_grad_enabled() || !CanRun(a, weight, isTransposed: true, bias) ? nn.functional.linear(a, weight, bias)
        : a.dtype == ScalarType.Float32 ? Product<float>(a, weight, bias, isTransposed: true)
        : Product<double>(a, weight, bias, isTransposed: true);

    /// <summary>Whether the kernels can find a product, and are worth it.</summary>
    /// <param name="a">A, rows [.., k].</param>
    /// <param name="b">B [k, n], or B' [n, k].</param>
    /// <param name="isTransposed">Whether it is B'.</param>
    /// <param name="added">What is added to each row [n], or null.</param>
    public static bool CanRun(Tensor a, Tensor b, bool isTransposed = false, Tensor? added = null) =>
        2.0 * a.numel() * b.size(isTransposed ? 0 : 1) >= LeastFlops
        && a.dtype == b.dtype && TensorMemory.Reads(a) && TensorMemory.Reads(b) && a.size(-1) == b.size(isTransposed ? 1 : 0)
        && (added is null || (added.dtype == a.dtype && TensorMemory.Reads(added)));

    /// <summary>A'B: the sum over all rows of the products of their entries.</summary>
    /// <param name="a">A [N, m].</param>
    /// <param name="b">B [N, n].</param>
    /// <returns>[m, n].</returns>
    public static Tensor TransposedTimes(this Tensor a, Tensor b) =>
        is_grad_enabled() || a.dtype != b.dtype || !TensorMemory.Reads(a) || !TensorMemory.Reads(b) ? a.t().mm(b)
        : a.dtype == ScalarType.Float32 ? TransposedTimes<float>(a, b)
        : TransposedTimes<double>(a, b);

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

    // In whole vectors along the columns of one of the two, which zeros make whole where neither is.
    private static Tensor TransposedTimes<T>(Tensor a, Tensor b)
        where T : unmanaged, INumberBase<T>
    {
        return Missing(b) == 0 ? Product(a, b)
            : Missing(a) == 0 ? Product(b, a).t().contiguous()
            : 2.0 * a.numel() * b.size(1) < LeastFlops ? a.t().mm(b)
            : Product(a, nn.functional.pad(b, (0, Missing(b)))).narrow(1, 0, b.size(1)).contiguous(); // [m, n]

        static long Missing(Tensor rows) => Stride.Padded<T>((nint)rows.size(1)) - rows.size(1);

        static unsafe Tensor Product(Tensor a, Tensor b)
        {
            (a, b) = (a.stride(1) == 1 ? a : a.contiguous(), b.stride(1) == 1 ? b : b.contiguous()); // [N, m] and [N, n]
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
    }
}
