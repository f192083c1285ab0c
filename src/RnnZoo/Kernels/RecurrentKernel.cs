using System.Numerics;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// Forward and backward of one direction of one recurrent layer on raw CPU memory, for float and double. Results depend
/// on the shape, the vector width and the number of threads alone.
/// </summary>
internal static class RecurrentKernel
{
    /// <summary>Runs a layer forward.</summary>
    /// <param name="shape">What is computed.</param>
    /// <param name="arguments">Where it is read and written.</param>
    /// <param name="threads">Threads to use at most, the caller's included.</param>
    /// <param name="width">Vector width; the machine's own by default.</param>
    public static void Forward<T>(in LayerShape shape, in ForwardArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T>
    {
        Check<T>(shape, threads);
        switch (width ?? VectorWidths.Best)
        {
            case VectorWidth.Bits512: Kernels<Simd512<T>, Vector512<T>, T>.Forward(shape, arguments, threads); break;
            case VectorWidth.Bits256: Kernels<Simd256<T>, Vector256<T>, T>.Forward(shape, arguments, threads); break;
            default: Kernels<Simd128<T>, Vector128<T>, T>.Forward(shape, arguments, threads); break;
        }
    }

    /// <summary>Elements of the memory that a tape needs; 0 where the output is tape enough.</summary>
    /// <param name="shape">What is computed.</param>
    /// <param name="width">Vector width of the forward pass; the machine's own by default.</param>
    public static nint TapeElements<T>(in LayerShape shape, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T>
    {
        Check<T>(shape, threads: 1);
        return (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => Kernels<Simd512<T>, Vector512<T>, T>.TapeElements(shape),
            VectorWidth.Bits256 => Kernels<Simd256<T>, Vector256<T>, T>.TapeElements(shape),
            _ => Kernels<Simd128<T>, Vector128<T>, T>.TapeElements(shape),
        };
    }

    /// <summary>Finds the gradients.</summary>
    /// <param name="shape">What was computed.</param>
    /// <param name="arguments">Where it is read and written; the tape is the forward pass's.</param>
    /// <param name="threads">Threads to use at most, the caller's included.</param>
    /// <param name="width">Vector width of the forward pass, which the tape's order follows; the machine's own by default.</param>
    public static void Backward<T>(in LayerShape shape, in BackwardArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T>
    {
        Check<T>(shape, threads);
        switch (width ?? VectorWidths.Best)
        {
            case VectorWidth.Bits512: Kernels<Simd512<T>, Vector512<T>, T>.Backward(shape, arguments, threads); break;
            case VectorWidth.Bits256: Kernels<Simd256<T>, Vector256<T>, T>.Backward(shape, arguments, threads); break;
            default: Kernels<Simd128<T>, Vector128<T>, T>.Backward(shape, arguments, threads); break;
        }
    }

    private static void Check<T>(in LayerShape shape, int threads)
    {
        shape.Check();
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"element: expected Single or Double, got {typeof(T).Name}");
        }
    }

    private static class Kernels<S, V, T>
        where S : struct, ISimd<V, T>
        where V : struct
        where T : unmanaged, INumberBase<T>
    {
        public static void Forward(in LayerShape shape, in ForwardArguments<T> a, int threads)
        {
            switch (shape.Cell)
            {
                case CellKind.Lstm: ForwardPass<LstmCell<S, V, T>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Gru: ForwardPass<GruCell<S, V, T>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Tanh: ForwardPass<VanillaCell<S, V, T, TanhNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Relu: ForwardPass<VanillaCell<S, V, T, ReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Linear: ForwardPass<VanillaCell<S, V, T, LinearNonlinearity<V>>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.ModRelu: ForwardPass<VanillaCell<S, V, T, ModReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads); break;
                default: throw new ArgumentOutOfRangeException(nameof(shape), $"shape: unknown cell {shape.Cell}");
            }
        }

        public static nint TapeElements(in LayerShape shape) => shape.Cell switch
        {
            CellKind.Lstm => ForwardPass<LstmCell<S, V, T>, S, V, T>.TapeElements(shape),
            CellKind.Gru => ForwardPass<GruCell<S, V, T>, S, V, T>.TapeElements(shape),
            _ => ForwardPass<VanillaCell<S, V, T, LinearNonlinearity<V>>, S, V, T>.TapeElements(shape),
        };

        public static void Backward(in LayerShape shape, in BackwardArguments<T> a, int threads)
        {
            switch (shape.Cell)
            {
                case CellKind.Lstm: BackwardPass<LstmCell<S, V, T>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Gru: BackwardPass<GruCell<S, V, T>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Tanh: BackwardPass<VanillaCell<S, V, T, TanhNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Relu: BackwardPass<VanillaCell<S, V, T, ReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.Linear: BackwardPass<VanillaCell<S, V, T, LinearNonlinearity<V>>, S, V, T>.Run(shape, a, threads); break;
                case CellKind.ModRelu: BackwardPass<VanillaCell<S, V, T, ModReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads); break;
                default: throw new ArgumentOutOfRangeException(nameof(shape), $"shape: unknown cell {shape.Cell}");
            }
        }
    }
}
