using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

/// <summary>RMSprop (Hinton, 2012): gradients over the root of their mean square, or of their variance when centered.</summary>
public partial class RMSProp : OptimizerHelper, optim.IMomentum
{
    public RMSProp(IEnumerable<Parameter> parameters, double lr = 0.001, double alpha = 0.99, double eps = 1e-08, double weight_decay = 0, double momentum = 0, bool centered = false, bool maximize = false)
        : this([new ParamGroup { Parameters = parameters }], lr, alpha, eps, weight_decay, momentum, centered, maximize)
    {
    }

    public RMSProp(IEnumerable<ParamGroup> parameters, double lr = 0.001, double alpha = 0.99, double eps = 1e-08, double weight_decay = 0, double momentum = 0, bool centered = false, bool maximize = false)
    {
        Require(lr >= 0, nameof(lr), lr, "a number not below 0");
        Require(eps >= 0, nameof(eps), eps, "a number not below 0");
        Require(weight_decay >= 0, nameof(weight_decay), weight_decay, "a number not below 0");
        Require(alpha >= 0, nameof(alpha), alpha, "a number not below 0");
        Require(momentum >= 0, nameof(momentum), momentum, "a number not below 0");
        _defaults = new Options
        {
            LearningRate = lr,
            InitialLearningRate = lr,
            alpha = alpha,
            eps = eps,
            weight_decay = weight_decay,
            momentum = momentum,
            centered = centered,
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
        options.maximize ??= Defaults.maximize;
        options.momentum ??= Defaults.momentum;
        options.alpha ??= Defaults.alpha;
        options.eps ??= Defaults.eps;
        options.weight_decay ??= Defaults.weight_decay;
        options.centered ??= Defaults.centered;
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
        gradient = options.maximize.Value ? gradient.neg() : gradient;
        if (options.weight_decay.Value != 0)
        {
            gradient = gradient.add(parameter, options.weight_decay.Value);
        }

        state.step++;
        double alpha = options.alpha.Value;
        state.square_avg.mul_(alpha).addcmul_(gradient, gradient, 1 - alpha);
        Tensor deviation;
        if (options.centered.Value)
        {
            state.grad_avg ??= state.ZerosLike();
            state.grad_avg.mul_(alpha).add_(gradient, 1 - alpha);
            deviation = state.square_avg.addcmul(state.grad_avg, state.grad_avg, -1).sqrt_().add_(options.eps.Value);
        }
        else
        {
            deviation = state.square_avg.sqrt().add_(options.eps.Value);
        }

        double rate = options.LearningRate.Value;
        if (options.momentum.Value > 0)
        {
            state.momentum_buffer ??= state.ZerosLike();
            state.momentum_buffer.mul_(options.momentum.Value).addcdiv_(gradient, deviation);
            parameter.add_(state.momentum_buffer, -rate);
        }
        else
        {
            parameter.addcdiv_(gradient, deviation, -rate);
        }
    }
}
