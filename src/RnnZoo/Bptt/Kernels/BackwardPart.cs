namespace RnnZoo.Bptt.Kernels;

/// <summary>What one part of a backward pass works in. The layouts are those of <see cref="BackwardStep{T}"/> and <see cref="WeightGradient{C,S,V,T}"/>.</summary>
internal unsafe struct BackwardPart<T>
    where T : unmanaged
{
    public T* DH;
    public T* DC;
    public T* H;
    public T* DCTotal;
    public T* DRows;
    public T* DPanels;

    /// <summary>[rows, I padded] ∂L/∂x before it goes to the caller.</summary>
    public T* DX;
    public T* PackedInput;
    public T* PackedHidden;
    public T* InputSums;
    public T* HiddenSums;

    /// <summary>[H padded] gradient of the bias inside the nonlinearity, or null.</summary>
    public T* ActivationSums;
}
