using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>One way of computing one direction of one layer and its gradient: the equations, or kernels that equal them.</summary>
/// <remarks>
/// An engine keeps its tape in the tensors of <see cref="LayerTape"/>, which autograd frees with the graph; the backward
/// pass gets the same tensors again, and <see cref="LayerTape.Engine"/> as it was. It may run more than once on one tape.
/// </remarks>
internal interface ILayerEngine
{
    /// <param name="input">[T, B, I]; the kernels also take token ids [T, B], each within I.</param>
    /// <param name="initial">Parts [B, H]; the kernels may take [1, B, H] too, and then give back such parts and gradients.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="reversed">Whether the sequence is walked from T - 1 to 0.</param>
    /// <param name="keepTape">Whether a backward pass may follow.</param>
    LayerRun Forward(Tensor input, RecurrentState initial, LayerWeights weights, bool reversed, bool keepTape);

    /// <param name="tape">What <see cref="Forward"/> kept.</param>
    /// <param name="cotangents">The gradients that come from outside.</param>
    /// <param name="wanted">What to compute.</param>
    /// <param name="norms">Where to write the norms of the steps' gradients, or null.</param>
    LayerGradients Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted, StepNorms? norms = null);
}
