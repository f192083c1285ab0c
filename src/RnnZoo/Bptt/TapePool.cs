using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The memory that forward passes write for their backward passes. It is lent to a pass, whose node owns it until its backward
/// pass has run or its graph dies, and comes back after the backward pass.
/// </summary>
/// <remarks>
/// So training takes no new memory from the system, and a graph that is kept, by a loss in a list, keeps none. A second pass,
/// through a retained graph, takes back what it returned; if another pass has written over it meanwhile, it runs the forward pass
/// again. Thread-safe.
/// </remarks>
internal sealed class TapePool
{
    // What several graphs that are out at once return; beyond that, memory is freed.
    private const int MostSpares = 4;

    // A tape that is so many times too long is not kept for the sake of a short sequence.
    private const long MostWaste = 4;
    private readonly Lock _gate = new();
    private readonly List<Tensor> _spares = [];
    private bool _isClosed;

    /// <summary>One pass's use of the pool.</summary>
    internal sealed class Loan(TapePool pool, long elements, Tensor model)
    {
        private readonly (ScalarType DType, Device Device) _like = (model.dtype, model.device);
        private Tensor? _owner;
        private Tensor? _returned;

        /// <summary>Memory for the forward pass, in no dispose scope; to be given to <see cref="Keep"/> or disposed.</summary>
        public Tensor Take() => pool.Take(elements, _like.DType, _like.Device);

        /// <summary>Leaves the memory to a tensor of the node's, which dies with the node.</summary>
        public void Keep(Tensor owner, Tensor memory) => _owner = owner.set_(memory);

        /// <summary>Reads the tape in a backward pass, and gives it back.</summary>
        public TResult Use<TResult>(Action<Tensor> write, Func<Tensor, TResult> read)
        {
            var memory = _owner is null ? pool.TryTakeBack(_returned!) : Nothing().set_(_owner);
            _owner?.set_(Nothing());
            _owner = null;
            try
            {
                if (memory is null)
                {
                    memory = Take();
                    write(memory);
                }

                return memory.size(0) >= elements ? read(memory) : throw new InvalidOperationException($"tape: expected at least {elements} elements, got {Check.Show(memory.shape)}.");
            }
            finally
            {
                _returned = memory is null ? null : pool.Return(memory);
            }
        }

        private Tensor Nothing() => empty([0], dtype: _like.DType, device: _like.Device);
    }

    /// <summary>Frees what is kept: nobody trains now.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _spares.ForEach(spare => spare.Dispose());
            _spares.Clear();
        }
    }

    /// <summary>Frees what is kept, and what comes back from now on.</summary>
    public void Close()
    {
        _isClosed = true;
        Clear();
    }

    private Tensor Take(long elements, ScalarType dtype, Device device)
    {
        lock (_gate)
        {
            var place = _spares.FindLastIndex(spare => spare.size(0) >= elements && spare.size(0) / MostWaste <= elements && spare.dtype == dtype);
            if (place >= 0)
            {
                using var found = _spares[place];
                _spares.RemoveAt(place);
                return found.alias().DetachFromDisposeScope(); // another object: who returned that one must not find it again
            }

            _spares.ForEach(spare => spare.Dispose()); // of another size: sizes have changed
            _spares.Clear();
        }

        return TensorMemory.Fresh([elements], dtype, device).DetachFromDisposeScope();
    }

    private Tensor Return(Tensor memory)
    {
        memory.DetachFromDisposeScope();
        lock (_gate)
        {
            if (_isClosed || _spares.Count == MostSpares)
            {
                memory.Dispose();
            }
            else
            {
                _spares.Add(memory);
            }
        }

        return memory;
    }

    private Tensor? TryTakeBack(Tensor returned)
    {
        lock (_gate)
        {
            var place = _spares.FindIndex(spare => ReferenceEquals(spare, returned));
            if (place >= 0)
            {
                _spares.RemoveAt(place);
            }

            return place >= 0 ? returned : null;
        }
    }
}
