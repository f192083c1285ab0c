using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

/// <summary>Adam (Kingma and Ba, 2015), with weight decay added to the gradient.</summary>
public partial class Adam : OptimizerHelper, optim.IBetas
{
    public Adam(IEnumerable<Parameter> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
        : this([new ParamGroup { Parameters = parameters }], lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
    {
    }

    public Adam(IEnumerable<ParamGroup> parameters, double lr = 0.001, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
    {
        Require(lr >= 0, nameof(lr), lr, "a number not below 0");
        Require(eps >= 0, nameof(eps), eps, "a number not below 0");
        Require(weight_decay >= 0, nameof(weight_decay), weight_decay, "a number not below 0");
        Require(beta1 >= 0 && beta1 < 1, nameof(beta1), beta1, "a number in [0, 1)");
        Require(beta2 >= 0 && beta2 < 1, nameof(beta2), beta2, "a number in [0, 1)");
        _defaults = new Options
        {
            LearningRate = lr,
            InitialLearningRate = lr,
            beta1 = beta1,
            beta2 = beta2,
            eps = eps,
            weight_decay = weight_decay,
            amsgrad = amsgrad,
            maximize = maximize,
        };
        _parameter_groups = [];
        foreach (ParamGroup group in parameters)
        {
            add_param_group(group);
        }
    }

    /// <summary>The defaults for groups added later.</summary>
    public (double, double) Betas
    {
        get => (Defaults.beta1.Value, Defaults.beta2.Value);
        set => (Defaults.beta1, Defaults.beta2) = (value.Item1, value.Item2);
    }

    private Options Defaults => (Options)_defaults;

    public override void add_param_group(Modules.ParamGroup param_group)
    {
        param_group.Options ??= new Options();
        var options = OptimizerOptions.As<Options>(param_group.Options);
        options.LearningRate ??= Defaults.LearningRate;
        options.beta1 ??= Defaults.beta1;
        options.beta2 ??= Defaults.beta2;
        options.eps ??= Defaults.eps;
        options.weight_decay ??= Defaults.weight_decay;
        options.amsgrad ??= Defaults.amsgrad;
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
        gradient = options.maximize.Value ? gradient.neg() : gradient;
        if (options.weight_decay.Value != 0)
        {
            gradient = gradient.add(parameter, options.weight_decay.Value);
        }

        state.step++;
        double correction1 = 1 - Math.Pow(options.beta1.Value, state.step);
        double correction2 = 1 - Math.Pow(options.beta2.Value, state.step);
        if (!options.amsgrad.Value && AdamKernel.Reads(parameter, gradient, state.exp_avg, state.exp_avg_sq))
        {
            var step = new AdamKernel.Step(options.beta1.Value, options.beta2.Value, options.eps.Value, options.LearningRate.Value / correction1, Math.Sqrt(correction2));
            AdamKernel.Run(parameter, gradient, state.exp_avg, state.exp_avg_sq, step);
            return;
        }

        state.exp_avg.mul_(options.beta1.Value).add_(gradient, 1 - options.beta1.Value);
        state.exp_avg_sq.mul_(options.beta2.Value).addcmul_(gradient, gradient, 1 - options.beta2.Value);
        Tensor second = options.amsgrad.Value ? state.LargestSecondMoment() : state.exp_avg_sq;
        Tensor denominator = second.sqrt().div_(Math.Sqrt(correction2)).add_(options.eps.Value);
        parameter.addcdiv_(state.exp_avg, denominator, -options.LearningRate.Value / correction1);
    }
}
