using TorchSharp.Modules;

#nullable disable
namespace TorchSharp;

public static partial class torch
{
    /// <summary>Optimizers and learning-rate schedules.</summary>
    public static partial class optim
    {
        /// <summary>Base of all optimizers.</summary>
        public abstract partial class Optimizer : IDisposable
        {
            protected IList<ParamGroup> _parameter_groups;

            internal Optimizer()
            {
            }

            ~Optimizer() => Dispose(false);

            public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;

            public virtual IEnumerable<Parameter> parameters()
                => throw new NotSupportedException($"{GetType().Name} does not list its parameters.");

            public virtual void zero_grad() => throw new NotSupportedException($"{GetType().Name} does not clear gradients.");

            /// <summary>Updates the parameters by their gradients.</summary>
            /// <param name="closure">Computes the loss and its gradients anew; may be null.</param>
            /// <returns>What the closure returned, or null.</returns>
            public virtual Tensor step(Func<Tensor> closure = null)
                => throw new NotSupportedException($"{GetType().Name} does not step.");

            /// <summary>Adds parameters with options of their own; options left out take the optimizer's.</summary>
            public virtual void add_param_group(ParamGroup param_group)
                => throw new NotSupportedException($"{GetType().Name} does not take parameter groups.");

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
            }
        }
    }
}
