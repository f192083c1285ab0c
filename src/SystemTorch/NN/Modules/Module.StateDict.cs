namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Parameters, then persistent buffers, under their dotted names. The tensors are the module's own, not copies.</summary>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= [];
                foreach ((string key, Tensor parameter) in named_parameters())
                {
                    destination.TryAdd(WithPrefix(prefix, key), parameter);
                }

                foreach ((string key, Tensor buffer) in named_buffers(include_nonpersistent: false))
                {
                    destination.TryAdd(WithPrefix(prefix, key), buffer);
                }

                // Again by child, so that a module that overrides state_dict adds its own, and tied tensors appear under every name.
                foreach ((string key, Module child) in _internal_submodules)
                {
                    child.state_dict(destination, WithPrefix(prefix, key));
                }

                return destination;
            }

            /// <summary>Copies the tensors of <paramref name="source"/> into this module's, broadcasting where shapes allow it.</summary>
            /// <exception cref="InvalidOperationException">The names differ and <paramref name="strict"/> is set.</exception>
            /// <exception cref="ArgumentException">A tensor's shape does not fit.</exception>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(
                Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                skip ??= [];
                Dictionary<string, Tensor> destination = state_dict();
                List<string> unexpected = [.. source.Keys.Where(key => !skip.Contains(key) && !destination.ContainsKey(key))];
                List<string> missing = [.. destination.Keys.Where(key => !skip.Contains(key) && !source.ContainsKey(key))];
                if (strict && (missing.Count > 0 || unexpected.Count > 0))
                {
                    throw new InvalidOperationException(
                        "source: the names differ from the module's; "
                        + $"missing: [{string.Join(", ", missing)}], unexpected: [{string.Join(", ", unexpected)}].");
                }

                using IDisposable grad = no_grad();
                foreach ((string key, Tensor value) in source)
                {
                    if (!skip.Contains(key) && destination.TryGetValue(key, out Tensor? target))
                    {
                        CopyInto(target, value, key);
                    }
                }

                return (missing, unexpected);
            }

            private static void CopyInto(Tensor target, Tensor value, string key)
            {
                long[] from = value.shape;
                long[] into = target.shape;
                bool fits = from.Length <= into.Length;
                for (int i = 1; fits && i <= from.Length; i++)
                {
                    fits = from[^i] == into[^i] || from[^i] == 1;
                }

                if (!fits)
                {
                    throw new ArgumentException(
                        $"source['{key}']: expected [{string.Join(", ", into)}] or a shape that broadcasts to it, got [{string.Join(", ", from)}].",
                        "source");
                }

                DisposeUnlessSame(target.copy_(value), target);
            }

            private static string WithPrefix(string? prefix, string key) => string.IsNullOrEmpty(prefix) ? key : $"{prefix}.{key}";
        }
    }
}
