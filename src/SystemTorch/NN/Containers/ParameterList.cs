using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A list of parameters, registered under their positions.</summary>
    public class ParameterList : nn.Module, IList<Parameter>
    {
        private readonly List<Parameter> _list;

        public ParameterList(params Parameter[] parameters)
            : base(nameof(ParameterList))
        {
            _list = [.. parameters];
            Reregister();
        }

        public int Count => _list.Count;

        public bool IsReadOnly => false;

        public Parameter this[int index]
        {
            get => _list[index];
            set
            {
                _list[index] = value;
                Reregister();
            }
        }

        public void Add(Parameter item)
        {
            _list.Add(item);
            Reregister();
        }

        public void append(params Parameter[] parameters) => extend(parameters);

        public void extend(IEnumerable<Parameter> parameters)
        {
            _list.AddRange(parameters);
            Reregister();
        }

        public void Insert(int index, Parameter item)
        {
            _list.Insert(index, item);
            Reregister();
        }

        public bool Remove(Parameter item)
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

        public bool Contains(Parameter item) => _list.Contains(item);

        public int IndexOf(Parameter item) => _list.IndexOf(item);

        public void CopyTo(Parameter[] array, int arrayIndex) => _list.CopyTo(array, arrayIndex);

        public IEnumerator<Parameter> GetEnumerator() => _list.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
        {
            base._toEpilog(dtype, device, non_blocking);
            for (int i = 0; i < _list.Count; i++)
            {
                _list[i] = _internal_params[i.ToString()];
            }
        }

        private void Reregister()
        {
            _internal_params.Clear();
            for (int i = 0; i < _list.Count; i++)
            {
                register_parameter(i.ToString(), _list[i]);
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
            public static Modules.ParameterList ParameterList(params Modules.Parameter[] parameters) => new(parameters);
        }
    }
}
