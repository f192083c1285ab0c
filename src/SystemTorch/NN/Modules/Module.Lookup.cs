using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Parameters by name, each once: this module's own, then those of the modules below. Disposed ones are left out.</summary>
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
            {
                var seen = new HashSet<nint>();
                foreach ((string parameterName, Parameter parameter) in _internal_params)
                {
                    if (!parameter.IsInvalid && seen.Add(parameter.Handle))
                    {
                        yield return (parameterName, parameter);
                    }
                }

                if (!recurse)
                {
                    yield break;
                }

                foreach ((string childName, Module child) in _internal_submodules)
                {
                    foreach ((string parameterName, Parameter parameter) in child.named_parameters(true))
                    {
                        if (!parameter.IsInvalid && seen.Add(parameter.Handle))
                        {
                            yield return ($"{childName}.{parameterName}", parameter);
                        }
                    }
                }
            }

            /// <summary>Buffers by name, each once: this module's own, then those of the modules below.</summary>
            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true)
            {
                var seen = new HashSet<nint>();
                foreach ((string bufferName, (Tensor buffer, bool persistent)) in _internal_buffers)
                {
                    if ((persistent || include_nonpersistent) && !buffer.IsInvalid && seen.Add(buffer.Handle))
                    {
                        yield return (bufferName, buffer);
                    }
                }

                if (!recurse)
                {
                    yield break;
                }

                foreach ((string childName, Module child) in _internal_submodules)
                {
                    foreach ((string bufferName, Tensor buffer) in child.named_buffers(true, include_nonpersistent))
                    {
                        if (!buffer.IsInvalid && seen.Add(buffer.Handle))
                        {
                            yield return ($"{childName}.{bufferName}", buffer);
                        }
                    }
                }
            }

            public virtual IEnumerable<(string name, Module module)> named_children() => _internal_submodules;

            /// <summary>All modules below this one: the children first, then theirs, with dotted names.</summary>
            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach ((string childName, Module child) in _internal_submodules)
                {
                    yield return (childName, child);
                }

                foreach ((string childName, Module child) in _internal_submodules)
                {
                    foreach ((string innerName, Module inner) in child.named_modules())
                    {
                        yield return ($"{childName}.{innerName}", inner);
                    }
                }
            }

            public virtual IEnumerable<Parameter> parameters(bool recurse = true)
                => named_parameters(recurse).Select(entry => entry.parameter);

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true)
                => named_buffers(recurse, include_nonpersistent).Select(entry => entry.buffer);

            public virtual IEnumerable<Module> children() => named_children().Select(entry => entry.module);

            public virtual IEnumerable<Module> modules() => named_modules().Select(entry => entry.module);

            public virtual bool has_parameter(string target)
                => _internal_params.ContainsKey(target)
                    || (FindChild(target) is var (child, rest) && child.has_parameter(rest));

            public virtual bool has_buffer(string target)
                => _internal_buffers.ContainsKey(target)
                    || (FindChild(target) is var (child, rest) && child.has_buffer(rest));

            /// <summary>The parameter of that dotted name, or null.</summary>
            public virtual Parameter? get_parameter(string target)
                => _internal_params.TryGetValue(target, out Parameter? parameter) ? parameter
                    : FindChild(target) is var (child, rest) ? child.get_parameter(rest)
                    : null;

            /// <summary>The buffer of that dotted name, or null.</summary>
            public virtual Tensor? get_buffer(string target)
                => _internal_buffers.TryGetValue(target, out (Tensor Tensor, bool) buffer) ? buffer.Tensor
                    : FindChild(target) is var (child, rest) ? child.get_buffer(rest)
                    : null;

            protected virtual (string name, Parameter parameter)[] _named_parameters() => _internal_params.ToArray<(string, Parameter)>();

            protected virtual (string name, Tensor buffer)[] _named_buffers()
                => _internal_buffers.Select<(string, (Tensor, bool)), (string, Tensor)>(entry => (entry.Item1, entry.Item2.Item1)).ToArray();

            protected virtual Parameter[] _parameters(bool recurse = true) => parameters(recurse).ToArray();

            private (Module Child, string Tail)? FindChild(string target)
            {
                ArgumentNullException.ThrowIfNull(target);
                int dot = target.IndexOf('.', StringComparison.Ordinal);
                if (dot < 0)
                {
                    return null;
                }

                foreach ((string childName, Module child) in named_children())
                {
                    if (target.AsSpan(0, dot).SequenceEqual(childName))
                    {
                        return (child, target[(dot + 1)..]);
                    }
                }

                return null;
            }
        }
    }
}
