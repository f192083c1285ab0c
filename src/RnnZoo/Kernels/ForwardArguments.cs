namespace RnnZoo.Kernels;

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
    /// What the backward pass reads of each step, by position in the walk: [T + 1, B, unit blocks, slots, lanes], the first entry the
    /// initial cell state alone; <see cref="RecurrentKernel.TapeElements"/> elements. Null where no backward pass follows,
    /// or where the output is tape enough. Written.
    /// </summary>
    public T* Tape;
}
