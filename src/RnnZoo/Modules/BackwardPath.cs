namespace RnnZoo.Modules;

/// <summary>How a recurrent module finds its gradient. Parameters and results are the same on every path.</summary>
public enum BackwardPath
{
    /// <summary>
    /// The fastest path that gives what the module was asked for: <see cref="HandWritten"/> where it has kernels (most
    /// of this library's cells with float32 or float64 parameters on the CPU) or where gradients of the steps are observed or
    /// traced; else <see cref="Native"/> where it exists and nothing is traced; else <see cref="Autograd"/>.
    /// </summary>
    Auto,

    /// <summary>The cell, unrolled step by step on the tape: works for any cell, and can be differentiated twice.</summary>
    Autograd,

    /// <summary>
    /// This library's own backpropagation through time, one node on the tape for each direction of each layer. Parameters,
    /// losses, optimizers and clipping work as on the other paths; so does create_graph. For the cells of this library. In
    /// float32 and float64 on the CPU it runs on vectorised kernels, on as many threads as torch.get_num_threads() says;
    /// elsewhere, and under create_graph, in tensor operations.
    /// </summary>
    /// <remarks>
    /// Run the backward pass by <see cref="RnnZoo.Bptt.Gradient.Backward"/>, or call <c>ThrowIfFailed()</c> after it: a
    /// failure inside it (an input changed in place, say) leaves NaN gradients.
    /// </remarks>
    HandWritten,

    /// <summary>libtorch's own fused nn.RNN, nn.LSTM or nn.GRU, on the same parameters.</summary>
    Native,
}
