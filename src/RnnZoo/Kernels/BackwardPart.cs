namespace RnnZoo.Kernels;

/// <summary>What one part of a backward pass works in. The layouts are those of <see cref="BackwardStep{T}"/>.</summary>
internal unsafe struct BackwardPart<T>
    where T : unmanaged
{
    public T* DH;
    public T* DC;
    public T* H;
    public T* DCTotal;
    public T* DRows;

    /// <summary>[rows, I padded] ∂L/∂x before it goes to the caller.</summary>
    public T* DX;

    /// <summary>[chunk rows, features] x_t and h_{t-1}, each followed by 1 where a bias is to be had: the left factors of the weight gradients.</summary>
    public T* InputFeatures;
    public T* HiddenFeatures;

    /// <summary>[gate, unit block][features, lanes] the part's weight gradients so far.</summary>
    public T* InputSums;
    public T* HiddenSums;

    /// <summary>[H padded] gradient of the bias inside the nonlinearity, or null.</summary>
    public T* ActivationSums;
}
