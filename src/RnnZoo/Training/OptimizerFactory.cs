using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>Makes optimizers from their kind.</summary>
public static class OptimizerFactory
{
    /// <summary>Makes an optimizer.</summary>
    /// <param name="kind">Which one.</param>
    /// <param name="parameters">The weights that it changes.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <returns>A new optimizer; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is none of the named values.</exception>
    public static optim.Optimizer Create(OptimizerKind kind, IEnumerable<Parameter> parameters, double learningRate) => kind switch
    {
        OptimizerKind.Adam => optim.Adam(parameters, learningRate),
        OptimizerKind.AdamW => optim.AdamW(parameters, learningRate),
        OptimizerKind.RmsProp => optim.RMSProp(parameters, learningRate, alpha: 0.9),
        OptimizerKind.Sgd => optim.SGD(parameters, learningRate),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, $"kind: expected a named optimizer, got {kind}."),
    };
}
