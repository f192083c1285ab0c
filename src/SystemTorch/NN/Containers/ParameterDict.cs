using System.Collections;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Parameters by name, in the order in which they were added.</summary>
    public class ParameterDict : nn.Module, IDictionary<string, Parameter>, IList<(string, Parameter)>
    {
        private readonly OrderedDict<string, Parameter> _entries = new();

        public ParameterDict()
            : base(nameof(ParameterDict))
        {
        }

        public int Count => _entries.Count;

        public bool IsReadOnly => false;

        public ICollection<string> Keys => _entries.Keys;

        public ICollection<Parameter> Values => _entries.Values;

        public Parameter this[string key]
        {
            get => _entries[key];
            set
            {
                _entries[key] = value;
                Reregister();
            }
        }

        public (string, Parameter) this[int index]
        {
            get => _entries[index];
            set
            {
                _entries[index] = value;
                Reregister();
            }
        }

        public IEnumerable<string> keys() => _entries.keys();

        public IEnumerable<Parameter> values() => _entries.values();

        public IEnumerator<(string, Parameter)> items() => _entries.GetEnumerator();

        public void Add(string key, Parameter value)
        {
            register_parameter(key, value);
            _entries.Add(key, value);
        }

        public void Add((string, Parameter) item) => Add(item.Item1, item.Item2);

        public void Add(KeyValuePair<string, Parameter> item) => Add(item.Key, item.Value);

        public void Insert(int index, (string, Parameter) item)
        {
            _entries.Insert(index, item);
            Reregister();
        }

        public bool Remove(string key)
        {
            bool removed = _entries.Remove(key);
            Reregister();
            return removed;
        }

        public bool Remove((string, Parameter) item) => Contains(item) && Remove(item.Item1);

        public bool Remove(KeyValuePair<string, Parameter> item) => Remove((item.Key, item.Value));

        public void RemoveAt(int index)
        {
            _entries.RemoveAt(index);
            Reregister();
        }

        public void Clear()
        {
            _entries.Clear();
            Reregister();
        }

        public void clear() => Clear();

        public bool ContainsKey(string key) => _entries.ContainsKey(key);

        public bool Contains((string, Parameter) item) => _entries.Contains(item);

        public bool Contains(KeyValuePair<string, Parameter> item) => _entries.Contains(item);

        public int IndexOf((string, Parameter) item) => _entries.IndexOf(item);

        public bool TryGetValue(string key, out Parameter value) => _entries.TryGetValue(key, out value);

        public void CopyTo((string, Parameter)[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

        public void CopyTo(KeyValuePair<string, Parameter>[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

        public IEnumerator<(string, Parameter)> GetEnumerator() => _entries.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        IEnumerator<KeyValuePair<string, Parameter>> IEnumerable<KeyValuePair<string, Parameter>>.GetEnumerator()
            => ((IEnumerable<KeyValuePair<string, Parameter>>)_entries).GetEnumerator();

#nullable disable
        protected override void _toEpilog(ScalarType? dtype, Device device, bool non_blocking)
        {
            base._toEpilog(dtype, device, non_blocking);
            foreach ((string key, Parameter parameter) in _internal_params)
            {
                _entries[key] = parameter;
            }
        }
#nullable restore

        private void Reregister()
        {
            _internal_params.Clear();
            foreach ((string key, Parameter value) in _entries)
            {
                register_parameter(key, value);
            }
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.ParameterDict ParameterDict(params (string, Modules.Parameter)[] parameters)
            {
                var result = new Modules.ParameterDict();
                foreach ((string key, Modules.Parameter parameter) in parameters)
                {
                    result.Add(key, parameter);
                }

                return result;
            }
        }
    }
}
