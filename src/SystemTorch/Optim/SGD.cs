using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

/// <summary>Gradient descent, with momentum if asked for. With maximize the weight decay grows the parameters too, as in TorchSharp.</summary>
public partial class SGD : OptimizerHelper, optim.IMomentum
{
    public SGD(IEnumerable<Parameter> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
        : this([new ParamGroup { Parameters = parameters }], lr, momentum, dampening, weight_decay, nesterov, maximize)
    {
    }

    public SGD(IEnumerable<ParamGroup> parameters, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
    {
        Require(lr >= 0, nameof(lr), lr, "a number not below 0");
        Require(weight_decay >= 0, nameof(weight_decay), weight_decay, "a number not below 0");
        Require(momentum >= 0, nameof(momentum), momentum, "a number not below 0");
        if (nesterov && (momentum <= 0 || dampening != 0))
        {
            throw new ArgumentException("nesterov: expected a momentum above 0 and no dampening.", nameof(nesterov));
        }
        _defaults = new Options
        {
            LearningRate = lr,
            InitialLearningRate = lr,
            momentum = momentum,
            dampening = dampening,
            weight_decay = weight_decay,
            nesterov = nesterov,
            maximize = maximize,
        };
        _parameter_groups = [];
        foreach (ParamGroup group in parameters)
        {
            add_param_group(group);
        }
    }

    /// <summary>The default for groups added later.</summary>
    public double Momentum
    {
        get => Defaults.momentum.Value;
        set => Defaults.momentum = value;
    }

    private Options Defaults => (Options)_defaults;

    public override void add_param_group(Modules.ParamGroup param_group)
    {
        param_group.Options ??= new Options();
        var options = OptimizerOptions.As<Options>(param_group.Options);
        options.LearningRate ??= Defaults.LearningRate;
        options.momentum ??= Defaults.momentum;
        options.dampening ??= Defaults.dampening;
        options.weight_decay ??= Defaults.weight_decay;
        options.nesterov ??= Defaults.nesterov;
        options.maximize ??= Defaults.maximize;
        AddGroup(param_group, parameter => new State(parameter));
    }

    public override Tensor step(Func<Tensor> closure = null)
        => _step<Modules.ParamGroup>(
            group =>
            {
                var options = (Options)group.Options;
                ForEachGradient<State>(group, (parameter, gradient, state) => Update(parameter, gradient, state, options));
            },
            closure);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            DisposeStates();
        }
    }

    private static void Update(Parameter parameter, Tensor gradient, State state, Options options)
    {
        if (options.weight_decay.Value != 0)
        {
            gradient = gradient.add(parameter, options.weight_decay.Value);
        }

        double momentum = options.momentum.Value;
        if (momentum != 0)
        {
            if (state.momentum_buffer is null)
            {
                state.momentum_buffer = gradient.clone().DetachFromDisposeScope();
            }
            else
            {
                state.momentum_buffer.mul_(momentum).add_(gradient, 1 - options.dampening.Value);
            }

            gradient = options.nesterov.Value ? gradient.add(state.momentum_buffer, momentum) : state.momentum_buffer;
        }

        double rate = options.LearningRate.Value;
        parameter.add_(gradient, options.maximize.Value ? rate : -rate);
    }
}
