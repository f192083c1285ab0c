namespace RnnZoo.Cells;

/// <summary>The nonlinearity of an <see cref="ElmanCell"/>.</summary>
public enum Activation
{
    /// <summary>tanh(z).</summary>
    Tanh,

    /// <summary>max(z, 0).</summary>
    Relu,

    /// <summary>z itself. With it h_T = W^T h_0 for zero input, so gradients are exact powers of W; libtorch has no such module.</summary>
    Linear,
}
