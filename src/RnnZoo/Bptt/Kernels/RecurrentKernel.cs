using System.Numerics;
using System.Runtime.Intrinsics;

namespace RnnZoo.Bptt.Kernels;

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
    /// <returns>The tape for <see cref="Backward"/> if one is asked for, else null.</returns>
    public static RecurrentTape? Forward<T>(
        in LayerShape shape, in ForwardArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T>
    {
        Check<T>(shape, threads);
        var bits = width ?? VectorWidths.Best;
        return bits switch
        {
            VectorWidth.Bits512 => Kernels<Simd512<T>, Vector512<T>, T>.Forward(shape, arguments, threads, bits),
            VectorWidth.Bits256 => Kernels<Simd256<T>, Vector256<T>, T>.Forward(shape, arguments, threads, bits),
            _ => Kernels<Simd128<T>, Vector128<T>, T>.Forward(shape, arguments, threads, bits),
        };
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

    /// <summary>Finds the gradients; runs on the vector width of the forward pass.</summary>
    public static void Backward<T>(RecurrentTape tape, in BackwardArguments<T> arguments, int threads)
        where T : unmanaged, INumberBase<T>
    {
        Check<T>(tape.Shape, threads);
        if (tape.Element != typeof(T))
        {
            throw new ArgumentException($"tape: expected one of {typeof(T).Name}, got one of {tape.Element.Name}", nameof(tape));
        }

        switch (tape.Width)
        {
            case VectorWidth.Bits512: Kernels<Simd512<T>, Vector512<T>, T>.Backward(arguments, tape, threads); break;
            case VectorWidth.Bits256: Kernels<Simd256<T>, Vector256<T>, T>.Backward(arguments, tape, threads); break;
            default: Kernels<Simd128<T>, Vector128<T>, T>.Backward(arguments, tape, threads); break;
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
        public static RecurrentTape? Forward(in LayerShape shape, in ForwardArguments<T> a, int threads, VectorWidth width) =>
            shape.Cell switch
            {
                CellKind.Lstm => ForwardPass<LstmCell<S, V, T>, S, V, T>.Run(shape, a, threads, width),
                CellKind.Gru => ForwardPass<GruCell<S, V, T>, S, V, T>.Run(shape, a, threads, width),
                CellKind.Tanh => ForwardPass<VanillaCell<S, V, T, TanhNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads, width),
                CellKind.Relu => ForwardPass<VanillaCell<S, V, T, ReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads, width),
                CellKind.Linear => ForwardPass<VanillaCell<S, V, T, LinearNonlinearity<V>>, S, V, T>.Run(shape, a, threads, width),
                CellKind.ModRelu => ForwardPass<VanillaCell<S, V, T, ModReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, threads, width),
                _ => throw new ArgumentOutOfRangeException(nameof(shape), $"shape: unknown cell {shape.Cell}"),
            };

        public static nint TapeElements(in LayerShape shape) => shape.Cell switch
        {
            CellKind.Lstm => ForwardPass<LstmCell<S, V, T>, S, V, T>.TapeElements(shape),
            CellKind.Gru => ForwardPass<GruCell<S, V, T>, S, V, T>.TapeElements(shape),
            _ => ForwardPass<VanillaCell<S, V, T, LinearNonlinearity<V>>, S, V, T>.TapeElements(shape),
        };

        public static void Backward(in BackwardArguments<T> a, RecurrentTape tape, int threads)
        {
            var shape = tape.Shape;
            switch (shape.Cell)
            {
                case CellKind.Lstm: BackwardPass<LstmCell<S, V, T>, S, V, T>.Run(shape, a, tape, threads); break;
                case CellKind.Gru: BackwardPass<GruCell<S, V, T>, S, V, T>.Run(shape, a, tape, threads); break;
                case CellKind.Tanh: BackwardPass<VanillaCell<S, V, T, TanhNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, tape, threads); break;
                case CellKind.Relu: BackwardPass<VanillaCell<S, V, T, ReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, tape, threads); break;
                case CellKind.Linear: BackwardPass<VanillaCell<S, V, T, LinearNonlinearity<V>>, S, V, T>.Run(shape, a, tape, threads); break;
                case CellKind.ModRelu: BackwardPass<VanillaCell<S, V, T, ModReluNonlinearity<S, V, T>>, S, V, T>.Run(shape, a, tape, threads); break;
                default: throw new ArgumentOutOfRangeException(nameof(tape), $"tape: unknown cell {shape.Cell}");
            }
        }
    }
}
