using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>The rule that turns gradients into changes of the weights, with TorchSharp's defaults for all but the learning rate.</summary>
public enum OptimizerKind
{
    /// <summary>Adam (Kingma and Ba, 2015).</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, 2019).</summary>
    AdamW,

    /// <summary>RMSprop (Tieleman and Hinton, 2012), with alpha = 0.9 as the copy task's literature has it.</summary>
    RmsProp,

    /// <summary>Plain stochastic gradient descent.</summary>
    Sgd,
}

/// <summary>Makes optimizers from their kind.</summary>
internal static class OptimizerFactory
{
    /// <summary>Makes an optimizer.</summary>
    /// <param name="kind">Which one.</param>
    /// <param name="parameters">The weights that it changes.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <returns>A new optimizer; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is none of the named values.</exception>
    public static OptimizerHelper Create(OptimizerKind kind, IEnumerable<Parameter> parameters, double learningRate) => kind switch
    {
        OptimizerKind.Adam => optim.Adam(parameters, learningRate),
        OptimizerKind.AdamW => optim.AdamW(parameters, learningRate),
        OptimizerKind.RmsProp => optim.RMSProp(parameters, learningRate, alpha: 0.9),
        OptimizerKind.Sgd => optim.SGD(parameters, learningRate),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, $"kind: expected a named optimizer, got {kind}."),
    };
}

/// <summary>How the learning rate changes on the way to the step limit.</summary>
public enum LearningRateSchedule
{
    /// <summary>Not at all.</summary>
    Constant,

    /// <summary>
    /// Down to zero along half a cosine: at step s of N the rate is η·(1 + cos(π(s - 1)/N))/2. Source: Loshchilov and
    /// Hutter, 2017, without restarts.
    /// </summary>
    Cosine,
}

/// <summary>What the schedules say.</summary>
internal static class LearningRateSchedules
{
    /// <summary>The learning rate of a step, counted from 1 to <paramref name="steps"/>.</summary>
    public static double At(this LearningRateSchedule schedule, double learningRate, int step, int steps) => schedule switch
    {
        LearningRateSchedule.Cosine => learningRate * (1 + Math.Cos(Math.PI * (step - 1) / steps)) / 2,
        _ => learningRate,
    };
}

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

/// <summary>What an optimizer remembers of each of its parameters, under the names that PyTorch gives it: <c>0.exp_avg</c>.</summary>
internal static class OptimizerMemory
{
    /// <summary>The tensors, and the counts of steps as tensors; new ones belong to the innermost dispose scope.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Tensors(OptimizerHelper optimizer) =>
        optimizer.state_dict().State.SelectMany((state, place) => Of(state).Select(part => KeyValuePair.Create($"{place}.{part.Name}", part.Tensor)));

    /// <summary>Goes back to what <see cref="Tensors"/> gave.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, or has another shape.</exception>
    public static void Restore(OptimizerHelper optimizer, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var noTape = no_grad();
        foreach (var (name, own) in Tensors(optimizer))
        {
            if (!tensors.TryGetValue(name, out var saved) || !saved.shape.SequenceEqual(own.shape))
            {
                throw new InvalidDataException($"optimizer: {name}: expected shape {Check.Show(own.shape)}, got {(saved is null ? "none" : Check.Show(saved.shape))}");
            }

            own.copy_(saved);
        }

        foreach (var (state, place) in optimizer.state_dict().State.Select((state, place) => (state, place)))
        {
            switch (state)
            {
                case Adam.State adam: adam.step = Steps(place); break;
                case AdamW.State adam: adam.step = Steps(place); break;
                case RMSProp.State rmsProp: rmsProp.step = Steps(place); break;
                default: break; // plain gradient descent counts no steps
            }
        }

        long Steps(int place) => tensors[$"{place}.step"].item<long>();
    }

    // Of the parts that OptimizerFactory's optimizers have.
    private static (string Name, Tensor Tensor)[] Of(OptimizerState state) => state switch
    {
        Adam.State adam => [("step", tensor(adam.step)), ("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq)],
        AdamW.State adam => [("step", tensor(adam.step)), ("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq)],
        RMSProp.State rmsProp => [("step", tensor(rmsProp.step)), ("square_avg", rmsProp.square_avg)],
        SGD.State => [],
        _ => throw new NotSupportedException($"optimizer: expected one that OptimizerFactory makes, got the state {state.GetType()}."),
    };
}
