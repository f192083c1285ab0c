using TorchSharp.Utils;
using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

/// <summary>What the optimizers share: groups, state per parameter, saving and loading.</summary>
public abstract partial class OptimizerHelper : optim.Optimizer
{
    protected OptimizerOptions _defaults;
    protected OrderedDict<nint, OptimizerState> _state = new();

    public OptimizerHelper()
    {
    }

    public override IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(group => group.Parameters);

    /// <summary>Fills the gradients with zeros; parameters without a gradient stay without.</summary>
    public override void zero_grad()
    {
        using IDisposable grad = no_grad();
        foreach (Parameter parameter in parameters())
        {
            using Tensor gradient = parameter.grad;
            if (gradient is not null)
            {
                nn.Module.DisposeUnlessSame(gradient.zero_(), gradient);
            }
        }
    }

    public override void add_param_group(ParamGroup param_group) => _parameter_groups.Add(param_group);

    /// <summary>Moves the state of all parameters.</summary>
    public void to(Device device)
    {
        foreach ((_, OptimizerState state) in _state)
        {
            state.to(device);
        }
    }

    /// <summary>Runs the closure, if any, with a tape, then the body for each group without one.</summary>
    protected Tensor _step<T>(Action<T> body, Func<Tensor> loss_closure = null)
        where T : ParamGroup
    {
        Tensor loss = null;
        if (loss_closure is not null)
        {
            using IDisposable tape = enable_grad();
            loss = loss_closure();
        }

        using IDisposable grad = no_grad();
        foreach (ParamGroup group in _parameter_groups)
        {
            body((T)group);
        }

        return loss;
    }

    /// <summary>For each parameter of a group that has a gradient, runs the update in a scope of its own.</summary>
    internal void ForEachGradient<TState>(ParamGroup group, Action<Parameter, Tensor, TState> update)
        where TState : OptimizerState
    {
        foreach (Parameter parameter in group.Parameters)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor gradient = parameter.grad;
            if (gradient is not null)
            {
                update(parameter, gradient, (TState)StateOf(parameter));
            }
        }
    }

    internal OptimizerState StateOf(Parameter parameter)
        => _state.TryGetValue(parameter.Handle, out OptimizerState state) && ReferenceEquals(state.Owner, parameter)
            ? state
            : throw new InvalidOperationException(
                $"{GetType().Name} has no state for a parameter of shape [{string.Join(", ", parameter.shape)}]: it was not there when the "
                + "optimizer was made. Converting a module replaces its parameters: make the optimizer afterwards.");

    /// <summary>Sets up options and state of a new group; the derived class has filled in the options left out.</summary>
    internal void AddGroup(ParamGroup group, Func<Parameter, OptimizerState> makeState)
    {
        if (group.Parameters is null)
        {
            throw new ArgumentException("param_group: expected a group with parameters, got none.", "param_group");
        }

        group.Options.InitialLearningRate = group.Options.LearningRate.Value;
        foreach (Parameter parameter in group.Parameters)
        {
            if (_state.ContainsKey(parameter.Handle))
            {
                throw new ArgumentException(
                    $"param_group: a parameter of shape [{string.Join(", ", parameter.shape)}] is in the optimizer already.", "param_group");
            }

            OptimizerState state = makeState(parameter);
            state.Initialize(group.Options);
            _state[parameter.Handle] = state;
        }

        _parameter_groups.Add(group);
    }

    internal void DisposeStates()
    {
        foreach ((_, OptimizerState state) in _state)
        {
            (state as IDisposable)?.Dispose();
        }

        _state.Clear();
    }

    internal static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name}: expected {expected}, got {value}.", name);
        }
    }
}
