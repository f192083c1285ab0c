using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers (on the CPU).</summary>
    public class Generator : IDisposable
    {
        private static readonly Lazy<Generator> LazyDefault = new(() =>
        {
            Status.Check(NativeMethods.st_generator_default(out var handle));
            return new Generator(handle);
        });

        private nint _handle;

        public Generator(ulong seed = 0, Device? device = null)
        {
            if (device is not null && device.type != DeviceType.CPU)
            {
                throw new ArgumentException($"device: expected cpu, got {device}", nameof(device));
            }
            Status.Check(NativeMethods.st_generator_new(seed, out _handle));
        }

        private Generator(nint handle) => _handle = handle;

        ~Generator() => Dispose(false);

        /// <summary>The generator that is used where none is given.</summary>
        public static Generator Default => LazyDefault.Value;

        public nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Generator));

        public Device device => CPU;

        public Generator manual_seed(long seed)
        {
            Status.Check(NativeMethods.st_generator_manual_seed(Handle, unchecked((ulong)seed)));
            return this;
        }

        /// <summary>Seeds from the system's entropy and returns the seed.</summary>
        public long seed()
        {
            Status.Check(NativeMethods.st_generator_seed(Handle, out var seed));
            return unchecked((long)seed);
        }

        public long initial_seed()
        {
            Status.Check(NativeMethods.st_generator_initial_seed(Handle, out var seed));
            return unchecked((long)seed);
        }

        public Tensor get_state()
        {
            Status.Check(NativeMethods.st_generator_get_state(Handle, out var state));
            return new Tensor(state);
        }

        public void set_state(Tensor value)
        {
            Status.Check(NativeMethods.st_generator_set_state(Handle, value.Handle));
            GC.KeepAlive(value);
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle != 0)
            {
                NativeMethods.st_generator_free(handle);
            }
        }
    }
}
