using System.Collections;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Modules by name, in the order in which they were added.</summary>
    public class ModuleDict<T> : nn.Module, IDictionary<string, T>, IList<(string, T)>
        where T : nn.Module
    {
        private readonly OrderedDict<string, T> _entries = new();

        public ModuleDict()
            : base(nameof(ModuleDict<T>))
        {
        }

        public int Count => _entries.Count;

        public bool IsReadOnly => false;

        public ICollection<string> Keys => _entries.Keys;

        public ICollection<T> Values => _entries.Values;

        public T this[string key]
        {
            get => _entries[key];
            set
            {
                _entries[key] = value;
                Reregister();
            }
        }

        public (string, T) this[int index]
        {
            get => _entries[index];
            set
            {
                _entries[index] = value;
                Reregister();
            }
        }

        public IEnumerable<string> keys() => _entries.keys();

        public IEnumerable<T> values() => _entries.values();

        public IEnumerator<(string, T)> items() => _entries.GetEnumerator();

        public void Add(string key, T value)
        {
            register_module(key, value);
            _entries.Add(key, value);
        }

        public void Add((string, T) item) => Add(item.Item1, item.Item2);

        public void Add(KeyValuePair<string, T> item) => Add(item.Key, item.Value);

        public void Insert(int index, (string, T) item)
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

        public bool Remove((string, T) item) => Contains(item) && Remove(item.Item1);

        public bool Remove(KeyValuePair<string, T> item) => Remove((item.Key, item.Value));

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

        public bool Contains((string, T) item) => _entries.Contains(item);

        public bool Contains(KeyValuePair<string, T> item) => _entries.Contains(item);

        public int IndexOf((string, T) item) => _entries.IndexOf(item);

        public bool TryGetValue(string key, out T value) => _entries.TryGetValue(key, out value);

        public void CopyTo((string, T)[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

        public void CopyTo(KeyValuePair<string, T>[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

        public IEnumerator<(string, T)> GetEnumerator() => _entries.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        IEnumerator<KeyValuePair<string, T>> IEnumerable<KeyValuePair<string, T>>.GetEnumerator()
            => ((IEnumerable<KeyValuePair<string, T>>)_entries).GetEnumerator();

        private void Reregister()
        {
            ClearModules();
            foreach ((string key, T value) in _entries)
            {
                register_module(key, value);
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
            public static Modules.ModuleDict<Module> ModuleDict(params (string, Module)[] modules) => ModuleDict<Module>(modules);

            public static Modules.ModuleDict<T> ModuleDict<T>(params (string, T)[] modules)
                where T : Module
            {
                var result = new Modules.ModuleDict<T>();
                foreach ((string key, T module) in modules)
                {
                    result.Add(key, module);
                }

                return result;
            }
        }
    }
}
