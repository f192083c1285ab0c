using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What one application of a function keeps from its forward for its backward.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object> _data = [];
            private nint _node;

            internal AutogradContext(FunctionBackward backward, int arguments)
            {
                Backward = backward;
                Arguments = arguments;
            }

            public bool MaterializeGrads { get; private set; } = true;

            internal FunctionBackward Backward { get; }

            /// <summary>How many arguments apply had.</summary>
            internal int Arguments { get; }

            internal IReadOnlyList<Tensor> ToSave { get; private set; } = [];

            internal IReadOnlyList<Tensor> Dirty { get; private set; } = [];

            internal IReadOnlyList<Tensor> NonDifferentiable { get; private set; } = [];

            /// <summary>Keeps tensors for backward. Once per forward.</summary>
            public void save_for_backward(List<Tensor> tensors) => ToSave = [.. tensors];

            /// <summary>
            /// The tensors given to <see cref="save_for_backward"/>, within backward. Throws where one was changed in
            /// place since, or where the graph was freed.
            /// </summary>
            public unsafe List<Tensor> get_saved_variables()
            {
                if (_node == 0)
                {
                    return [.. ToSave];
                }
                Status.Check(NativeMethods.st_function_saved(_node, out var results, out var count));
                return [.. Handles.Take(results, count)];
            }

            /// <summary>Keeps anything that is no tensor.</summary>
            public void save_data(string key, object value) => _data[key] = value;

            public object get_data(string key) => _data[key];

            /// <summary>Tells which inputs forward changed in place.</summary>
            public void mark_dirty(List<Tensor> tensors) => Dirty = [.. tensors];

            /// <summary>Tells which outputs have no gradient.</summary>
            public void mark_non_differentiable(List<Tensor> tensors) => NonDifferentiable = [.. tensors];

            /// <summary>Whether gradients that are not there come as zeros (so by default) or as invalid tensors.</summary>
            public void set_materialize_grads(bool value) => MaterializeGrads = value;

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing) => _data.Clear();

            /// <summary>Runs backward with the node at hand.</summary>
            internal List<Tensor?> RunBackward(nint node, List<Tensor> gradients)
            {
                var outer = _node;
                _node = node;
                try
                {
                    return Backward(this, gradients);
                }
                finally
                {
                    _node = outer;
                }
            }

            /// <summary>Forward is over: what was to be saved is with the node now.</summary>
            internal void Release()
            {
                ToSave = [];
                Dirty = [];
                NonDifferentiable = [];
            }
        }
    }
}
