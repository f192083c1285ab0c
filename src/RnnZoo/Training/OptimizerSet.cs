using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>The optimizers of a training: one for all parameters, or a second one for those that learn at a rate of their own.</summary>
internal sealed class OptimizerSet : IDisposable
{
    private readonly (optim.Optimizer Optimizer, double Factor)[] _optimizers;

    private OptimizerSet((optim.Optimizer Optimizer, double Factor)[] optimizers) => _optimizers = optimizers;

    /// <summary>The optimizers of a model's trainable parameters.</summary>
    public static OptimizerSet Create(TrainingOptions options, nn.Module model)
    {
        var groups =
            from item in model.named_parameters()
            where item.Item2.requires_grad
            group item.Item2 by IsSkew(item.Item1) ? options.SkewRateFactor : 1;
        return new OptimizerSet([.. groups.Select(group => (OptimizerFactory.Create(options.Optimizer, [.. group], options.LearningRate * group.Key), group.Key))]);
    }

    /// <summary>Sets the gradients to zero.</summary>
    public void ZeroGradients()
    {
        foreach (var (optimizer, _) in _optimizers)
        {
            optimizer.zero_grad();
        }
    }

    /// <summary>Changes the parameters.</summary>
    public void Step(double learningRate)
    {
        foreach (var (optimizer, factor) in _optimizers)
        {
            foreach (var group in optimizer.ParamGroups)
            {
                group.LearningRate = learningRate * factor;
            }

            optimizer.step();
        }
    }

    public void Dispose()
    {
        foreach (var (optimizer, _) in _optimizers)
        {
            optimizer.Dispose();
        }
    }

    private static bool IsSkew(string key) => key[(key.LastIndexOf('.') + 1)..].StartsWith("skew_hh", StringComparison.Ordinal);
}
