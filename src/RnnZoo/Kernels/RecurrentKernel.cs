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
    public static void Forward<T>(in LayerShape shape, in ForwardArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => For<T>(shape, threads, width).Forward(shape, arguments, threads);

    /// <summary>Elements of the memory that a tape needs; 0 where the output is tape enough.</summary>
    public static nint TapeElements<T>(in LayerShape shape, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => For<T>(shape, threads: 1, width).TapeElements(shape);

    /// <summary>Finds the gradients.</summary>
    /// <param name="shape">What was computed.</param>
    /// <param name="arguments">Where it is read and written; the tape is the forward pass's.</param>
    /// <param name="threads">Threads to use at most, the caller's included.</param>
    /// <param name="width">Vector width of the forward pass, which the tape's order follows; the machine's own by default.</param>
    public static void Backward<T>(in LayerShape shape, in BackwardArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T> => For<T>(shape, threads, width).Backward(shape, arguments, threads);

    private static Passes<T> For<T>(in LayerShape shape, int threads, VectorWidth? width)
        where T : unmanaged, INumberBase<T>
    {
        shape.Check();
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            throw new NotSupportedException($"element: expected Single or Double, got {typeof(T).Name}");
        }

        return (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => For<Simd512<T>, Vector512<T>, T>(shape.Cell),
            VectorWidth.Bits256 => For<Simd256<T>, Vector256<T>, T>(shape.Cell),
            _ => For<Simd128<T>, Vector128<T>, T>(shape.Cell),
        };
    }

    private static Passes<T> For<S, V, T>(CellKind cell)
        where S : struct, ISimd<V, T>
        where V : struct
        where T : unmanaged, INumberBase<T> => cell switch
        {
            CellKind.Lstm => new Passes<VectorLstm<S, V, T>, S, V, T>(),
            CellKind.Gru => new Passes<VectorGru<S, V, T>, S, V, T>(),
            CellKind.Tanh => new Passes<VectorVanilla<S, V, T, TanhNonlinearity<S, V, T>>, S, V, T>(),
            CellKind.Relu => new Passes<VectorVanilla<S, V, T, ReluNonlinearity<S, V, T>>, S, V, T>(),
            CellKind.Linear => new Passes<VectorVanilla<S, V, T, LinearNonlinearity<V>>, S, V, T>(),
            CellKind.ModRelu => new Passes<VectorVanilla<S, V, T, ModReluNonlinearity<S, V, T>>, S, V, T>(),
            _ => throw new ArgumentOutOfRangeException(nameof(cell), $"shape: unknown cell {cell}"),
        };

    // Both passes of one cell in one vector width.
    private abstract class Passes<T>
        where T : unmanaged
    {
        public abstract void Forward(in LayerShape shape, in ForwardArguments<T> a, int threads);

        public abstract nint TapeElements(in LayerShape shape);

        public abstract void Backward(in LayerShape shape, in BackwardArguments<T> a, int threads);
    }

    private sealed class Passes<C, S, V, T> : Passes<T>
        where C : struct, IVectorCell<S, V, T>
        where S : struct, ISimd<V, T>
        where V : struct
        where T : unmanaged, INumberBase<T>
    {
        public override void Forward(in LayerShape shape, in ForwardArguments<T> a, int threads) => ForwardPass<C, S, V, T>.Run(shape, a, threads);

        public override nint TapeElements(in LayerShape shape) => ForwardPass<C, S, V, T>.TapeElements(shape);

        public override void Backward(in LayerShape shape, in BackwardArguments<T> a, int threads) => BackwardPass<C, S, V, T>.Run(shape, a, threads);
    }
}

/// <summary>
/// What one direction of one recurrent layer computes: T, B, I and H, each at least 1; in reverse, time is walked from T − 1 to 0.
/// Where there are sizes, the sequences are packed: each array [T, B, ·] is [N, ·], and its stride from row to row is that of the batch.
/// </summary>
internal readonly record struct LayerShape(CellKind Cell, int Steps, int Batch, int Input, int Hidden, bool Reverse = false, BatchSizes? Sizes = null)
{
    /// <summary>Row blocks of the weight matrices: 1, 4 (LSTM: i, f, g, o) or 3 (GRU: r, z, n).</summary>
    public int Gates => Cell switch { CellKind.Lstm => 4, CellKind.Gru => 3, _ => 1 };

    /// <summary>The time index at position <paramref name="step"/> of the walk.</summary>
    public int Time(int step) => Reverse ? Steps - 1 - step : step;

    /// <summary>N: the rows of all steps.</summary>
    public nint TotalRows => Sizes is null ? (nint)Steps * Batch : (nint)Sizes.Total;

    /// <summary>Where the rows of a step of the walk begin among all rows.</summary>
    public nint FirstRow(int step) => Sizes is null ? (nint)Time(step) * Batch : (nint)Sizes.Start(Time(step));

    /// <summary>Where the rows of a step of the walk begin in an array with these strides.</summary>
    public nint Offset(int step, nint stepStride, nint rowStride) => Sizes is null ? Time(step) * stepStride : FirstRow(step) * rowStride;

    /// <summary>How many of some sequences have a step of the walk; none has a step before the first, or after the last.</summary>
    public int Rows(int step, int first, int count) =>
        step < 0 || step >= Steps ? 0 : Sizes is null ? count : Math.Clamp(Sizes[Time(step)] - first, 0, count);

    /// <summary>The bounds of the parts that the batch is split into.</summary>
    public int[] Parts(int parts)
    {
        if (Sizes is not null)
        {
            return Sizes.Parts(parts);
        }

        var bounds = new int[parts + 1];
        for (var part = 0; part <= parts; part++)
        {
            bounds[part] = Partition.Start(Batch, part, parts);
        }

        return bounds;
    }

    public void Check()
    {
        if (Steps < 1 || Batch < 1 || Input < 1 || Hidden < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Steps), $"shape: expected T, B, I, H of at least 1, got T = {Steps}, B = {Batch}, I = {Input}, H = {Hidden}");
        }
    }
}

/// <summary>The recurrences that have kernels.</summary>
internal enum CellKind
{
    Tanh,
    Relu,
    Linear,
    ModRelu,
    Lstm,
    Gru,
}

/// <summary>
/// The memory of a forward pass. The caller owns all of it and keeps it in place while the pass runs. Unless a stride
/// says otherwise arrays are dense, row-major; strides are in elements. G is the number of gates, in PyTorch's order.
/// </summary>
internal unsafe struct ForwardArguments<T>
    where T : unmanaged
{
    /// <summary>[T, B, I] the input: x[t, b] at X + t·XStepStride + b·XBatchStride, I contiguous. Read.</summary>
    public T* X;
    public nint XStepStride;
    public nint XBatchStride;

    /// <summary>
    /// [T, B] in place of X: token ids from 0 to I − 1, each of which stands for a one-hot vector; id[t, b] at
    /// Tokens + t·XStepStride + b·XBatchStride. Null if the input is X. Read.
    /// </summary>
    public long* Tokens;

    /// <summary>[G·H, I] input weights. Read.</summary>
    public T* WeightIh;

    /// <summary>[G·H, H] recurrent weights. Read.</summary>
    public T* WeightHh;

    /// <summary>[G·H] biases, or null for none. Read.</summary>
    public T* BiasIh;
    public T* BiasHh;

    /// <summary>[H] the bias inside the nonlinearity (modReLU), or null for zeros. Read.</summary>
    public T* ActivationBias;

    /// <summary>[B, H] initial hidden state, or null for zeros. Read.</summary>
    public T* H0;

    /// <summary>[B, H] initial cell state (LSTM), or null for zeros. Read.</summary>
    public T* C0;

    /// <summary>
    /// [T, B, H] the output: h[t, b] at Output + t·OutputStepStride + b·OutputBatchStride, H contiguous, so that one
    /// direction writes its half of [T, B, 2H]. Written; the backward pass of vanilla RNN and GRU reads it again.
    /// </summary>
    public T* Output;
    public nint OutputStepStride;
    public nint OutputBatchStride;

    /// <summary>The output once more, dense, for a caller who may change it before the backward pass; or null. Written.</summary>
    public T* OutputCopy;

    /// <summary>[B, H] state after the last step of the walk, or null. Written.</summary>
    public T* HN;

    /// <summary>[B, H] cell state after the last step (LSTM), or null. Written.</summary>
    public T* CN;

    /// <summary>
    /// What the backward pass reads of each step, by position in the walk: [N + B, unit blocks, slots, lanes], where the initial cell
    /// state stands before each sequence's first step; <see cref="RecurrentKernel.TapeElements"/> elements. Null where no backward pass follows,
    /// or where the output is tape enough. Written.
    /// </summary>
    public T* Tape;
}

/// <summary>
/// The memory of a backward pass, under the same rules as <see cref="ForwardArguments{T}"/>. A null gradient pointer
/// means that the gradient is not wanted (as an output) or zero (as an input).
/// </summary>
internal unsafe struct BackwardArguments<T>
    where T : unmanaged
{
    /// <summary>What the forward pass was given and what it wrote, unchanged. Read.</summary>
    public ForwardArguments<T> Forward;

    /// <summary>[T, B, H] ∂L/∂output, addressed by its own strides, or null. Read.</summary>
    public T* DOutput;
    public nint DOutputStepStride;
    public nint DOutputBatchStride;

    /// <summary>[B, H] ∂L/∂h_N, on top of what comes through the output, or null. Read.</summary>
    public T* DHN;

    /// <summary>[B, H] ∂L/∂c_N (LSTM), or null. Read.</summary>
    public T* DCN;

    /// <summary>[T, B, I] ∂L/∂x, addressed by its own strides, or null, as it has to be for tokens. Written.</summary>
    public T* DX;
    public nint DXStepStride;
    public nint DXBatchStride;

    /// <summary>[G·H, I] and [G·H, H] weight gradients, or null. Written.</summary>
    public T* DWeightIh;
    public T* DWeightHh;

    /// <summary>[G·H] bias gradients, or null. Written.</summary>
    public T* DBiasIh;
    public T* DBiasHh;

    /// <summary>[H] gradient of the bias inside the nonlinearity (modReLU), or null. Written.</summary>
    public T* DActivationBias;

    /// <summary>[B, H] gradients of the initial state, or null. Written.</summary>
    public T* DH0;
    public T* DC0;

    /// <summary>
    /// [T] by time index, or null: the L2 norm over [B, H] of ∂L/∂h_t in full, of the part of it that comes from later steps
    /// of the walk (at the last step: from h_N), and the same two of ∂L/∂c_t (LSTM). Written.
    /// </summary>
    public double* NormDH;
    public double* NormDHFromFuture;
    public double* NormDC;
    public double* NormDCFromFuture;

    /// <summary>[T] by time index, or null: the norm of each step's own term of ∂L/∂W_hh. Written.</summary>
    public double* NormDWeightHh;

    /// <summary>Is shown, and may change, each step's gradient of h and then of c before it goes on; or null. With it the batch is not split.</summary>
    public StepChange<T>? Change;

    /// <summary>Whether any gradient of weights or biases is wanted.</summary>
    public readonly bool WantsParameters => DWeightIh != null || DWeightHh != null || DBiasIh != null || DBiasHh != null;

    public readonly bool WantsNorms => NormDH != null || NormDHFromFuture != null || NormDC != null || NormDCFromFuture != null;
}

/// <summary>Changes the gradient of one step's state in place.</summary>
/// <param name="time">The step's time index.</param>
/// <param name="isCell">Whether it is the cell state's.</param>
/// <param name="gradient">[rows, H].</param>
/// <param name="stride">From one row to the next.</param>
/// <param name="rows">How many rows.</param>
internal unsafe delegate void StepChange<T>(int time, bool isCell, T* gradient, nint stride, int rows)
    where T : unmanaged;
