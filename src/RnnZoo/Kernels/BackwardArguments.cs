namespace RnnZoo.Kernels;

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

    /// <summary>Whether any gradient of weights or biases is wanted.</summary>
    public readonly bool WantsParameters => DWeightIh != null || DWeightHh != null || DBiasIh != null || DBiasHh != null;

    public readonly bool WantsNorms => NormDH != null || NormDHFromFuture != null || NormDC != null || NormDCFromFuture != null;
}
