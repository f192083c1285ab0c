using RnnZoo.Bptt;
using RnnZoo.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Training;

/// <summary>The rule that turns gradients into changes of the weights, with PyTorch's defaults for all but the learning rate and what is said here.</summary>
public enum OptimizerKind
{
    /// <summary>Adam (Kingma and Ba, 2015).</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay, of 0.01 as PyTorch has it (Loshchilov and Hutter, 2019).</summary>
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
/// The optimizer of a training. What it remembers of each parameter can be kept, under the names that PyTorch gives it:
/// <c>0.exp_avg</c>.
/// <code>
/// Adam, AdamW   m = 0.9 m + 0.1 g,   v = 0.999 v + 0.001 g²,   p -= η/(1 - 0.9^s) m / (√v/√(1 - 0.999^s) + ε)
/// AdamW         before that p -= 0.01 η p
/// RMSprop       v = 0.9 v + 0.1 g²,   p -= η g / (√v + ε)          ε = 1e-8 throughout
/// SGD           p -= η g
/// </code>
/// </summary>
/// <remarks>
/// Step for step the numbers of TorchSharp's optimizers (Adam's to the rounding of a root), which make Scalars that nothing holds: in
/// trainings side by side another thread's collection frees one while native code reads it; see <see cref="Scalars"/>. On the CPU Adam
/// goes over a parameter once.
/// </remarks>
internal sealed class OptimizerSet : IDisposable
{
    private const double Epsilon = 1e-8, FirstDecay = 0.9, SecondDecay = 0.999, SquareDecay = 0.9, WeightDecay = 0.01;
    private const double AdamFlops = 50; // an element's root and quotients take as long as so many
    private readonly OptimizerKind _kind;
    private readonly Slot[] _slots;
    private readonly Parameter[] _parameters;

    /// <summary>The optimizer of a model's trainable parameters.</summary>
    /// <param name="model">The model.</param>
    /// <param name="kind">The rule.</param>
    /// <param name="skewRateFactor">What the learning rate of skew_hh is multiplied with.</param>
    /// <exception cref="ArgumentException"><paramref name="kind"/> is none of the named values.</exception>
    public OptimizerSet(nn.Module model, OptimizerKind kind, double skewRateFactor = 1)
    {
        _kind = Check.Known(kind, nameof(kind));
        // One under two names, as of an embedding and a readout, takes one step.
        (string Name, Parameter Parameter)[] own = [.. model.named_parameters().Where(item => item.Item2.requires_grad).DistinctBy(item => TensorIdentity.Of(item.Item2))];
        var groups = own.GroupBy(item => IsSkew(item.Name) ? skewRateFactor : 1, item => item.Parameter);
        _slots = [.. groups.SelectMany(group => group.Select(parameter => new Slot(parameter, group.Key, [.. MemoryNames.Select(_ => zeros_like(parameter, requires_grad: false).DetachFromDisposeScope())])))];
        _parameters = Array.ConvertAll(own, item => item.Parameter);
    }

    /// <summary>One of the parameters; null if there is none to train.</summary>
    public Parameter? First => _parameters.FirstOrDefault();

    private string[] MemoryNames => _kind switch
    {
        OptimizerKind.Adam or OptimizerKind.AdamW => ["exp_avg", "exp_avg_sq"],
        OptimizerKind.RmsProp => ["square_avg"],
        _ => [],
    };

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
            using var noTape = no_grad();
            foreach (var slot in _slots)
            {
                using var scope = NewDisposeScope();
                if (slot.Parameter.grad is { } gradient)
                {
                    slot.Steps++;
                    Update(slot, gradient, learningRate * slot.Factor);
                }
            }
        }

        return (value, norm);
    }

    /// <summary>What is remembered, counts of steps as tensors too; new tensors belong to the innermost dispose scope.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Memory() => _slots.SelectMany((slot, place) => MemoryNames.Zip(slot.Memory)
        .Select(part => KeyValuePair.Create($"{place}.{part.First}", part.Second))
        .Concat(slot.Memory.Length == 0 ? [] : [KeyValuePair.Create($"{place}.step", tensor(slot.Steps))]));

    /// <summary>Goes back to what <see cref="Memory"/> gave.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, or has another shape or element type.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, own) in Memory())
        {
            if (!tensors.TryGetValue(name, out var saved) || !saved.shape.SequenceEqual(own.shape) || saved.dtype != own.dtype)
            {
                throw new InvalidDataException($"optimizer: {name}: expected shape {Check.Show(own.shape)} of {own.dtype}, got {(saved is null ? "none" : $"{Check.Show(saved.shape)} of {saved.dtype}")}.");
            }

            own.copy_(saved);
        }

        for (var place = 0; place < _slots.Length; place++)
        {
            _slots[place].Steps = _slots[place].Memory.Length == 0 ? 0 : tensors[$"{place}.step"].item<long>();
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _slots.SelectMany(slot => slot.Memory))
        {
            tensor.Dispose();
        }
    }

    private void Update(Slot slot, Tensor gradient, double rate)
    {
        switch (_kind)
        {
            case OptimizerKind.Sgd:
                using (var minusRate = Scalars.New(-rate))
                {
                    slot.Parameter.add_(gradient, minusRate);
                }

                break;
            case OptimizerKind.RmsProp:
                Decayed(slot.Memory[0], SquareDecay).addcmul_(gradient, gradient, Scalars.Of(1 - SquareDecay));
                using (var minusRate = Scalars.New(-rate))
                {
                    slot.Parameter.addcdiv_(gradient, slot.Memory[0].sqrt().add_(Scalars.Of(Epsilon), Scalars.One), minusRate);
                }

                break;
            default:
                if (_kind == OptimizerKind.AdamW)
                {
                    using var kept = Scalars.New(1 - (rate * WeightDecay));
                    slot.Parameter.mul_(kept);
                }

                var (root, size) = (Math.Sqrt(1 - Math.Pow(SecondDecay, slot.Steps)), rate / (1 - Math.Pow(FirstDecay, slot.Steps)));
                if (!InOnePass(slot, gradient, size, root))
                {
                    Decayed(slot.Memory[0], FirstDecay).add_(gradient, Scalars.Of(1 - FirstDecay));
                    Decayed(slot.Memory[1], SecondDecay).addcmul_(gradient, gradient, Scalars.Of(1 - SecondDecay));
                    using Scalar divisor = Scalars.New(root), minusSize = Scalars.New(-size);
                    slot.Parameter.addcdiv_(slot.Memory[0], slot.Memory[1].sqrt().div(divisor).add_(Scalars.Of(Epsilon), Scalars.One), minusSize);
                }

                break;
        }

        static Tensor Decayed(Tensor memory, double decay) => memory.mul_(Scalars.Of(decay));
    }

    /// <returns>False where the kernels cannot read the tensors; nothing was changed then.</returns>
    private static bool InOnePass(Slot slot, Tensor gradient, double rate, double root)
    {
        Tensor[] arrays = [slot.Parameter, gradient, .. slot.Memory];
        if (!arrays.All(array => TensorMemory.Reads(array) && array.is_contiguous()))
        {
            return false;
        }

        if (gradient.dtype == ScalarType.Float32)
        {
            Run<float>();
        }
        else
        {
            Run<double>();
        }

        return true;

        unsafe void Run<T>()
            where T : unmanaged
        {
            var memory = new TensorMemory<T>();
            new AdamStep<T>
            {
                Parameter = memory.Dense(slot.Parameter),
                Gradient = memory.Dense(gradient),
                First = memory.Dense(slot.Memory[0]),
                Second = memory.Dense(slot.Memory[1]),
                Count = gradient.numel(),
                FirstDecay = FirstDecay,
                SecondDecay = SecondDecay,
                Rate = rate,
                Root = root,
                Epsilon = Epsilon,
            }.Run(ThreadChoice.For(AdamFlops * gradient.numel()));
            memory.Release();
        }
    }

    private static bool IsSkew(string key) => key[(key.LastIndexOf('.') + 1)..].StartsWith("skew_hh", StringComparison.Ordinal);

    private sealed class Slot(Parameter parameter, double factor, Tensor[] memory)
    {
        public Parameter Parameter => parameter;

        public double Factor => factor;

        public Tensor[] Memory => memory;

        public long Steps { get; set; }
    }
}
