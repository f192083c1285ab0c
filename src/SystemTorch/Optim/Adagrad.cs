using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

/// <summary>Adagrad (Duchi, Hazan and Singer, 2011): gradients over the root of the sum of their squares.</summary>
public partial class Adagrad : OptimizerHelper
{
    public Adagrad(IEnumerable<Parameter> parameters, double lr = 0.01, double lr_decay = 0, double weight_decay = 0, double initial_accumulator_value = 0, double eps = 1e-10)
        : this([new ParamGroup { Parameters = parameters }], lr, lr_decay, weight_decay, initial_accumulator_value, eps)
    {
    }

    public Adagrad(IEnumerable<ParamGroup> parameters, double lr = 0.01, double lr_decay = 0, double weight_decay = 0, double initial_accumulator_value = 0, double eps = 1e-10)
    {
        Require(lr >= 0, nameof(lr), lr, "a number not below 0");
        Require(eps >= 0, nameof(eps), eps, "a number not below 0");
        Require(weight_decay >= 0, nameof(weight_decay), weight_decay, "a number not below 0");
        Require(lr_decay >= 0, nameof(lr_decay), lr_decay, "a number not below 0");
        Require(initial_accumulator_value >= 0, nameof(initial_accumulator_value), initial_accumulator_value, "a number not below 0");
        _defaults = new Options
        {
            LearningRate = lr,
            InitialLearningRate = lr,
            lr_decay = lr_decay,
            weight_decay = weight_decay,
            initial_accumulator_value = initial_accumulator_value,
            eps = eps,
        };
        _parameter_groups = [];
        foreach (ParamGroup group in parameters)
        {
            add_param_group(group);
        }
    }

    private Options Defaults => (Options)_defaults;

    public override void add_param_group(Modules.ParamGroup param_group)
    {
        param_group.Options ??= new Options();
        var options = OptimizerOptions.As<Options>(param_group.Options);
        options.LearningRate ??= Defaults.LearningRate;
        options.lr_decay ??= Defaults.lr_decay;
        options.initial_accumulator_value ??= Defaults.initial_accumulator_value;
        options.eps ??= Defaults.eps;
        options.weight_decay ??= Defaults.weight_decay;
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

        state.step++;
        double rate = options.LearningRate.Value / (1 + ((state.step - 1) * options.lr_decay.Value));
        state.sum.addcmul_(gradient, gradient, 1);
        Tensor deviation = state.sum.sqrt().add_(options.eps.Value);
        parameter.addcdiv_(gradient, deviation, -rate);
    }
}
