using RnnZoo.Bptt;
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

/// <summary>
/// The optimizers of a training: one for all parameters, or a second one for those that learn at a rate of their own. What they
/// remember of each parameter can be kept, under the names that PyTorch gives it: <c>0.exp_avg</c>.
/// </summary>
internal sealed class OptimizerSet : IDisposable
{
    private readonly (OptimizerHelper Optimizer, double Factor)[] _optimizers;
    private readonly Parameter[] _parameters;

    /// <summary>The optimizers of a model's trainable parameters.</summary>
    public OptimizerSet(nn.Module model, OptimizerKind kind, double learningRate, double skewRateFactor = 1)
    {
        var groups =
            from item in model.named_parameters()
            where item.Item2.requires_grad
            group item.Item2 by IsSkew(item.Item1) ? skewRateFactor : 1;
        _optimizers = [.. groups.Select(group => (Create(kind, [.. group], learningRate * group.Key), group.Key))];
        _parameters = [.. model.parameters().Where(parameter => parameter.requires_grad)];
    }

    /// <summary>Changes the parameters, whose gradients are zero before, along the gradient of a loss.</summary>
    /// <returns>The loss, and the L2 norm of its gradient before clipping; where either is not finite, the parameters are as they were.</returns>
    public (double Loss, double Norm) Step(Tensor loss, double learningRate, double? clipNorm)
    {
        var value = loss.Number();
        if (!double.IsFinite(value))
        {
            return (value, double.NaN);
        }

        Gradient.Backward(loss);
        // The largest float clips no finite norm.
        var norm = nn.utils.clip_grad_norm_(_parameters, clipNorm ?? float.MaxValue);
        if (double.IsFinite(norm))
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

        return (value, norm);
    }

    /// <summary>What is remembered, counts of steps as tensors too; new tensors belong to the innermost dispose scope.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Memory() =>
        States().SelectMany((state, place) => PartsOf(state).Select(part => KeyValuePair.Create($"{place}.{part.Name}", part.Tensor)));

    /// <summary>Goes back to what <see cref="Memory"/> gave.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, or has another shape.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var noTape = no_grad();
        foreach (var (name, own) in Memory())
        {
            if (!tensors.TryGetValue(name, out var saved) || !saved.shape.SequenceEqual(own.shape))
            {
                throw new InvalidDataException($"optimizer: {name}: expected shape {Check.Show(own.shape)}, got {(saved is null ? "none" : Check.Show(saved.shape))}");
            }

            own.copy_(saved);
        }

        foreach (var (state, place) in States().Select((state, place) => (state, place)))
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

    public void Dispose()
    {
        foreach (var (optimizer, _) in _optimizers)
        {
            optimizer.Dispose();
        }
    }

    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is none of the named values.</exception>
    internal static OptimizerHelper Create(OptimizerKind kind, IEnumerable<Parameter> parameters, double learningRate) => kind switch
    {
        OptimizerKind.Adam => optim.Adam(parameters, learningRate),
        OptimizerKind.AdamW => optim.AdamW(parameters, learningRate),
        OptimizerKind.RmsProp => optim.RMSProp(parameters, learningRate, alpha: 0.9),
        OptimizerKind.Sgd => optim.SGD(parameters, learningRate),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, $"kind: expected a named optimizer, got {kind}."),
    };

    private IEnumerable<OptimizerState> States() => _optimizers.SelectMany(item => item.Optimizer.state_dict().State);

    private static bool IsSkew(string key) => key[(key.LastIndexOf('.') + 1)..].StartsWith("skew_hh", StringComparison.Ordinal);

    // Of the parts that the optimizers of Create have.
    private static (string Name, Tensor Tensor)[] PartsOf(OptimizerState state) => state switch
    {
        Adam.State adam => [("step", tensor(adam.step)), ("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq)],
        AdamW.State adam => [("step", tensor(adam.step)), ("exp_avg", adam.exp_avg), ("exp_avg_sq", adam.exp_avg_sq)],
        RMSProp.State rmsProp => [("step", tensor(rmsProp.step)), ("square_avg", rmsProp.square_avg)],
        SGD.State => [],
        _ => throw new NotSupportedException($"optimizer: expected one of {string.Join(", ", Enum.GetNames<OptimizerKind>())}, got the state {state.GetType()}."),
    };
}
