namespace RnnZoo.Kernels;

/// <summary>
/// The memory of a linear readout with cross-entropy over N rows of H features and V classes. Arrays are dense, row-major;
/// the caller owns all of them and keeps them in place while the kernel runs. A null gradient is not wanted.
/// </summary>
internal unsafe struct ReadoutArguments<T>
    where T : unmanaged
{
    /// <summary>A target that counts neither for the loss nor for the gradients.</summary>
    public const long Ignored = -100;

    public int Rows;
    public int Hidden;
    public int Classes;

    /// <summary>[N, H] the features. Read.</summary>
    public T* Features;

    /// <summary>[V, H] and [V] (or null for none). Read.</summary>
    public T* Weight;
    public T* Bias;

    /// <summary>[N] classes from 0 to V − 1, or <see cref="Ignored"/>. Read.</summary>
    public long* Targets;

    /// <summary>[N, H], [V, H] and [V] gradients of the mean loss, or null. Written.</summary>
    public T* DFeatures;
    public T* DWeight;
    public T* DBias;

    /// <summary>Whether any gradient is wanted.</summary>
    public readonly bool WantsGradients => DFeatures != null || WantsParameters;

    /// <summary>Whether a gradient of the weights or the biases is wanted.</summary>
    public readonly bool WantsParameters => DWeight != null || DBias != null;
}
