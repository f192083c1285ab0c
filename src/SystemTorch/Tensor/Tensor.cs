using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of libtorch. Dispose it, or let a <see cref="DisposeScope"/> do so.</summary>
    public partial class Tensor : IDisposable
    {
        private static long s_total;
        private static long s_peak;
        private nint _handle;

        /// <summary>Takes over a handle; 0 makes an invalid tensor, which stands for an undefined one.</summary>
        internal Tensor(nint handle)
        {
            _handle = handle;
            if (handle == 0)
            {
                IsUndefined = true;
                GC.SuppressFinalize(this);
                return;
            }
            DisposeScopeManager.Current.Register(this);
            var total = Interlocked.Increment(ref s_total);
            if (total > s_peak)
            {
                Interlocked.Exchange(ref s_peak, total);
            }
        }

        ~Tensor() => Dispose(false);

        /// <summary>Tensors alive in the whole process, counted as handles.</summary>
        public static long TotalCount => Interlocked.Read(ref s_total);

        /// <summary>The most that were alive at once.</summary>
        public static long PeakCount => Interlocked.Read(ref s_peak);

        /// <summary>The native tensor; throws where this one was disposed or is undefined.</summary>
        public nint Handle => _handle != 0 ? _handle : throw new InvalidOperationException(
            "Tensor invalid -- empty handle: it was disposed (by hand, or by its dispose scope), or it is undefined.");

        public bool IsInvalid => _handle == 0;

        public string? name { get; set; }

        /// <summary>Invalid from the start (an undefined gradient, say), not because it was disposed.</summary>
        internal bool IsUndefined { get; }

        internal DisposeScope? OwningDisposeScope { get; set; }

        internal int PlaceInScope { get; set; }

        /// <summary>Wraps a native tensor, which belongs to the new object from then on.</summary>
        public static Tensor UnsafeCreateTensor(nint handle) => new(handle);

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle == 0)
            {
                return;
            }
            if (disposing)
            {
                DisposeScopeManager.Current.CountDisposal(this);
                OwningDisposeScope?.MarkAsDisposed(this);
            }
            Interlocked.Decrement(ref s_total);
            NativeMethods.st_tensor_free(handle);
        }

        /// <summary>Gives up the handle, out of its scope, and becomes invalid.</summary>
        public nint DecoupleFromNativeHandle()
        {
            GC.SuppressFinalize(this);
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle != 0)
            {
                DisposeScopeManager.Current.CountDisposal(this);
                OwningDisposeScope?.MarkAsDisposed(this);
                Interlocked.Decrement(ref s_total);
            }
            return handle;
        }

        /// <summary>Moves the tensor to the scope around its own; with none around it, detaches it.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is null)
            {
                other?.Attach(this);
            }
            else
            {
                OwningDisposeScope.MoveToOther(other, this);
            }
            return this;
        }

        /// <summary>Moves the tensor to where another one lives.</summary>
        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        /// <summary>Frees the tensor from all scopes; whoever holds it disposes it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public override bool Equals(object? obj) => obj is Tensor tensor && Equals(tensor);

        /// <summary>Whether shape and all values are equal.</summary>
        public bool Equals(Tensor target) => Op.Bool("equal", this, target);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
    }
}
