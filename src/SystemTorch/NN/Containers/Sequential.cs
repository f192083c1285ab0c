using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Modules one after another; the intermediate results are freed as soon as they are used (the tape keeps what it needs).</summary>
    public class Sequential : nn.Module<Tensor, Tensor>
    {
        private readonly List<nn.IModule<Tensor, Tensor>> _modules = [];
        private readonly List<string> _names = [];

        internal Sequential()
            : base(nameof(Sequential))
        {
        }

        protected Sequential(params nn.Module<Tensor, Tensor>[] modules)
            : this()
        {
            foreach (nn.Module<Tensor, Tensor> module in modules)
            {
                append(module);
            }
        }

        protected Sequential(params (string name, nn.Module<Tensor, Tensor> submodule)[] modules)
            : this()
        {
            foreach ((string moduleName, nn.Module<Tensor, Tensor> module) in modules)
            {
                append(moduleName, module);
            }
        }

        public int Count => _modules.Count;

        public nn.IModule<Tensor, Tensor> this[int index] => _modules[index];

        /// <summary>A part of the modules, shared and not copied.</summary>
        public Sequential this[Range index]
        {
            get
            {
                (int offset, int length) = index.GetOffsetAndLength(Count);
                return Slice(offset, offset + length);
            }
        }

        public Sequential this[(int? start, int? end) index]
        {
            get
            {
                int start = index.start ?? 0;
                int end = index.end ?? Count;
                if (start < 0 || end > Count || start > end)
                {
                    throw new ArgumentOutOfRangeException(nameof(index), index, $"index: expected 0 <= start <= end <= {Count}, got {start} and {end}.");
                }

                return Slice(start, end);
            }
        }

        /// <summary>Adds a module under its position as name.</summary>
        public Sequential append(nn.IModule<Tensor, Tensor> module) => append(Count.ToString(), module);

        public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
        {
            ArgumentNullException.ThrowIfNull(module);
            register_module(name, (nn.Module)module);
            _modules.Add(module);
            _names.Add(name);
            return this;
        }

        public override Tensor forward(Tensor tensor)
        {
            if (_modules.Count == 0)
            {
                return tensor.alias();
            }

            Tensor current = _modules[0].call(tensor);
            for (int i = 1; i < _modules.Count; i++)
            {
                Tensor next = _modules[i].call(current);
                // An in-place activation hands back the tensor it was given.
                if (!ReferenceEquals(next, current) && !ReferenceEquals(current, tensor))
                {
                    current.Dispose();
                }

                current = next;
            }

            return current;
        }

        private Sequential Slice(int start, int end)
        {
            var slice = new Sequential();
            for (int i = start; i < end; i++)
            {
                slice.append(_names[i], _modules[i]);
            }

            return slice;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Sequential Sequential() => new();

            public static Modules.Sequential Sequential(params Module<Tensor, Tensor>[] modules)
                => Sequential((IEnumerable<Module<Tensor, Tensor>>)modules);

            public static Modules.Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules)
                => modules.Aggregate(new Modules.Sequential(), (result, module) => result.append(module));

            public static Modules.Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules)
                => Sequential((IEnumerable<(string, Module<Tensor, Tensor>)>)modules);

            public static Modules.Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules)
                => modules.Aggregate(new Modules.Sequential(), (result, entry) => result.append(entry.name, entry.submodule));

            public static Modules.Sequential Sequential(params Tuple<string, Module<Tensor, Tensor>>[] modules)
                => Sequential(modules.Select(pair => (pair.Item1, pair.Item2)));

            public static Modules.Sequential Sequential(IEnumerable<Tuple<string, Module<Tensor, Tensor>>> modules)
                => Sequential(modules.Select(pair => (pair.Item1, pair.Item2)));
        }
    }
}
