using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>A node of a network: named parameters, buffers and submodules, saved and moved together.</summary>
        public partial class Module : IDisposable
        {
            protected string? name;
            protected DeviceType _deviceType = DeviceType.CPU;
            protected int _deviceIndex = -1;
            protected OrderedDict<string, Module> _internal_submodules = new();
            protected OrderedDict<string, (Tensor, bool)> _internal_buffers = new();
            protected OrderedDict<string, Parameter> _internal_params = new();

            private bool _training = true;

            protected Module(string name) => this.name = name;

            ~Module() => Dispose(false);

            /// <summary>Whether the module is in training mode, which dropout and the like depend on.</summary>
            public virtual bool training => _training;

            public virtual string GetName() => name ?? GetType().Name;

            /// <summary>Calls <paramref name="fn"/> on every submodule, then on this module.</summary>
            public virtual Module apply(Action<Module> fn)
            {
                foreach ((_, Module child) in _internal_submodules)
                {
                    child.apply(fn);
                }

                fn(this);
                return this;
            }

            public virtual void train(bool train = true)
            {
                _training = train;
                foreach ((_, Module child) in named_children())
                {
                    child.train(train);
                }
            }

            public virtual void eval() => train(false);

            /// <summary>Drops the gradients of all parameters, or fills them with zeros.</summary>
            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach ((_, Parameter parameter) in named_parameters())
                {
                    using Tensor? gradient = parameter.grad;
                    if (gradient is null)
                    {
                        continue;
                    }

                    if (set_to_none)
                    {
                        parameter.grad = null;
                    }
                    else
                    {
                        using IDisposable _ = no_grad();
                        DisposeUnlessSame(gradient.zero_(), gradient);
                    }
                }
            }

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            /// <summary>Frees the parameters and buffers of this module and of all below it.</summary>
            protected virtual void Dispose(bool disposing)
            {
                if (!disposing)
                {
                    return;
                }

                foreach ((_, Tensor buffer) in named_buffers(recurse: false))
                {
                    buffer.Dispose();
                }

                foreach ((_, Parameter parameter) in named_parameters(recurse: false))
                {
                    parameter.Dispose();
                }

                foreach ((_, Module child) in _internal_submodules)
                {
                    child.Dispose();
                }
            }

            protected void ClearModules() => _internal_submodules.Clear();

            // In-place operations may hand back their argument or a second wrapper of it.
            internal static void DisposeUnlessSame(Tensor result, Tensor argument)
            {
                if (!ReferenceEquals(result, argument))
                {
                    result.Dispose();
                }
            }
        }
    }
}
