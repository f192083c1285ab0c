using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>One direction of one layer and its gradient on raw CPU memory: equal to the equations but for rounding.</summary>
internal interface ILayerKernel
{
    /// <summary>Whether token ids [T, B] can stand for their one-hot vectors.</summary>
    bool TakesTokens { get; }

    /// <summary>Whether it can run on these arguments; if not, the equations do, or say what is wrong.</summary>
    bool CanRun(LayerArguments arguments);

    /// <summary>Elements, of the weights' type, of what the forward pass writes for the backward pass.</summary>
    long TapeElements(LayerArguments arguments);

    /// <param name="arguments">What the layer reads; the parts of the state may be [B, H] or [1, B, H].</param>
    /// <param name="reversed">Whether the sequence is walked from T - 1 to 0.</param>
    /// <param name="tape">The address of memory for the tape; 0 if no backward pass follows.</param>
    /// <returns>h at every step [T, B, H], and the final state [S, B, H].</returns>
    (Tensor Output, Tensor Final) Forward(LayerArguments arguments, bool reversed, nint tape);

    /// <param name="arguments">As in the forward pass.</param>
    /// <param name="reversed">As in the forward pass.</param>
    /// <param name="tape">Where the forward pass wrote; it is read as often as the pass runs.</param>
    /// <param name="cotangents">The gradients that come from outside.</param>
    /// <param name="wanted">What to compute.</param>
    /// <param name="norms">Where to write the norms of the steps' gradients, or null.</param>
    LayerGradients Backward(LayerArguments arguments, bool reversed, nint tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null);
}
