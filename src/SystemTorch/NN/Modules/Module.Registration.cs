using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            private bool _areComponentsRegistered;

            /// <summary>Adds a tensor that belongs to the module's state but is not trained.</summary>
            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                if (tensor is null || tensor.IsInvalid)
                {
                    throw new ArgumentNullException(nameof(tensor), $"Buffer '{name}': a null tensor cannot be registered.");
                }

                if (_internal_buffers.ContainsKey(name))
                {
                    throw new InvalidOperationException($"Buffer '{name}' is already registered.");
                }

                _internal_buffers.Add(name, (tensor, persistent));
            }

            public virtual void register_parameter(string name, Parameter param)
            {
                if (param is null || param.IsInvalid)
                {
                    throw new ArgumentNullException(nameof(param), $"Parameter '{name}': a null tensor cannot be registered.");
                }

                if (_internal_params.ContainsKey(name))
                {
                    throw new InvalidOperationException($"Parameter '{name}' is already registered.");
                }

                _internal_params.Add(name, param);
            }

            /// <summary>Adds a submodule and registers its own components first; null removes the name.</summary>
            public virtual void register_module(string name, Module submodule)
            {
                if (submodule is null)
                {
                    _internal_submodules.Remove(name);
                    return;
                }

                if (string.IsNullOrEmpty(name) || name.Contains('.'))
                {
                    throw new ArgumentException($"name: expected a name that is not empty and has no '.', got '{name}'.", nameof(name));
                }

                if (_internal_submodules.ContainsKey(name))
                {
                    throw new InvalidOperationException($"Submodule '{name}' is already registered.");
                }

                submodule.RegisterComponents();
                _internal_submodules.Add(name, submodule);
            }

            public void add_module(string name, Module module) => register_module(name, module);

            /// <summary>
            /// Registers every field that holds a module, a parameter or a tensor, in declaration order, the derived class's
            /// fields first. Works once: fields set later are not seen.
            /// </summary>
            protected virtual void RegisterComponents()
            {
                if (_areComponentsRegistered)
                {
                    return;
                }

                foreach (FieldInfo field in ComponentFields())
                {
                    string fieldName = field.ComponentName();
                    if (_internal_submodules.ContainsKey(fieldName)
                        || _internal_params.ContainsKey(fieldName)
                        || _internal_buffers.ContainsKey(fieldName))
                    {
                        continue;
                    }

                    switch (field.GetValue(this))
                    {
                        case Module module:
                            register_module(fieldName, module);
                            break;
                        case Parameter parameter:
                            register_parameter(fieldName, parameter);
                            break;
                        case Tensor tensor:
                            register_buffer(fieldName, tensor);
                            break;
                    }
                }

                _areComponentsRegistered = true;
            }

            /// <summary>Sets, replaces or (for null) removes the parameter of that name.</summary>
            protected void ConditionallyRegisterParameter(string name, Parameter? value)
            {
                if (value is null)
                {
                    _internal_params.Remove(name);
                }
                else
                {
                    _internal_params[name] = value;
                }
            }

            protected void ConditionallyRegisterParameter(string name, Tensor value)
            {
                var parameter = value as Parameter;
                ConditionallyRegisterParameter(name, value is null ? null : parameter ?? new Parameter(value));
            }

            /// <summary>Sets, replaces or (for null) removes the buffer of that name.</summary>
            protected void ConditionallyRegisterBuffer(string name, Tensor? value, bool persistent = true)
            {
                if (value is null)
                {
                    _internal_buffers.Remove(name);
                }
                else
                {
                    _internal_buffers[name] = (value, persistent);
                }
            }

            // For modules that own their parameters: they outlive the scope of their construction, and a new one frees the old.
            internal void SetParameter(ref Parameter? field, Parameter? value, string key)
            {
                if (value is not null && field is not null && value.Handle == field.Handle)
                {
                    return;
                }

                field?.Dispose();
                value?.DetachFromDisposeScope();
                field = value;
                ConditionallyRegisterParameter(key, value);
            }

            private FieldInfo[] ComponentFields()
                => GetType().GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
        }
    }
}
