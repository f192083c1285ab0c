using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A list of modules, registered under their positions.</summary>
    public class ModuleList<T> : nn.Module, IList<T>
        where T : nn.Module
    {
        private readonly List<T> _list;

        public ModuleList(params T[] modules)
            : base(nameof(ModuleList<T>))
        {
            _list = [.. modules];
            Reregister();
        }

        public int Count => _list.Count;

        public bool IsReadOnly => false;

        public T this[int index]
        {
            get => _list[index];
            set
            {
                _list[index] = value;
                Reregister();
            }
        }

        public void Add(T item)
        {
            _list.Add(item);
            Reregister();
        }

        public void append(params T[] parameters) => extend(parameters);

        public void extend(IEnumerable<T> modules)
        {
            _list.AddRange(modules);
            Reregister();
        }

        public void Insert(int index, T item)
        {
            _list.Insert(index, item);
            Reregister();
        }

        public bool Remove(T item)
        {
            bool removed = _list.Remove(item);
            Reregister();
            return removed;
        }

        public void RemoveAt(int index)
        {
            _list.RemoveAt(index);
            Reregister();
        }

        public void Clear()
        {
            _list.Clear();
            Reregister();
        }

        public bool Contains(T item) => _list.Contains(item);

        public int IndexOf(T item) => _list.IndexOf(item);

        public void CopyTo(T[] array, int arrayIndex) => _list.CopyTo(array, arrayIndex);

        public IEnumerator<T> GetEnumerator() => _list.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        private void Reregister()
        {
            ClearModules();
            for (int i = 0; i < _list.Count; i++)
            {
                register_module(i.ToString(), _list[i]);
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
            public static Modules.ModuleList<Module> ModuleList(params Module[] modules) => new(modules);

            public static Modules.ModuleList<T> ModuleList<T>(params T[] modules)
                where T : Module
                => new(modules);
        }
    }
}
