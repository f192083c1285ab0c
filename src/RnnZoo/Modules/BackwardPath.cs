namespace RnnZoo.Modules;

/// <summary>How a recurrent module finds its gradient. Parameters and results are the same on every path.</summary>
public enum BackwardPath
{
    /// <summary>The fastest path that gives what the module was asked for: <see cref="Native"/> where it exists, else <see cref="Autograd"/>.</summary>
    Auto,

    /// <summary>The cell, unrolled step by step on the tape: works for any cell, and can be differentiated twice.</summary>
    Autograd,

    /// <summary>libtorch's own fused nn.RNN, nn.LSTM or nn.GRU, on the same parameters.</summary>
    Native,
}
