using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        public long Dimensions => NativeMethods.st_tensor_dim(Handle);

        public long ndim => Dimensions;

        public long NumberOfElements => NativeMethods.st_tensor_numel(Handle);

        public long ElementSize => NativeMethods.st_tensor_element_size(Handle);

        public ScalarType dtype => (ScalarType)NativeMethods.st_tensor_dtype(Handle);

        public DeviceType device_type => (DeviceType)NativeMethods.st_tensor_device_type(Handle);

        public int device_index => NativeMethods.st_tensor_device_index(Handle);

        public Device device => device_type == DeviceType.CPU ? CPU : new Device(device_type, device_index);

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_meta => device_type == DeviceType.META;

        public bool is_sparse => Flags.HasFlag(TensorFlags.Sparse);

        public bool is_leaf => Flags.HasFlag(TensorFlags.Leaf);

        public long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* pinned = sizes)
                {
                    Status.Check(NativeMethods.st_tensor_sizes(Handle, pinned));
                }
                GC.KeepAlive(this);
                return sizes;
            }
        }

        private TensorFlags Flags
        {
            get
            {
                Status.Check(NativeMethods.st_tensor_flags(Handle, out var flags));
                GC.KeepAlive(this);
                return flags;
            }
        }

        public long dim() => Dimensions;

        public long numel() => NumberOfElements;

        public long element_size() => ElementSize;

        public long[] size() => shape;

        /// <summary>The size of one dimension; a negative number counts from the end.</summary>
        public long size(int dim)
        {
            var sizes = shape;
            return sizes[Wrap(dim, sizes.Length)];
        }

        public long[] stride()
        {
            var strides = new long[Dimensions];
            fixed (long* pinned = strides)
            {
                Status.Check(NativeMethods.st_tensor_strides(Handle, pinned));
            }
            GC.KeepAlive(this);
            return strides;
        }

        public long stride(int dim)
        {
            var strides = stride();
            return strides[Wrap(dim, strides.Length)];
        }

        public long storage_offset() => NativeMethods.st_tensor_storage_offset(Handle);

        public bool is_contiguous() => Flags.HasFlag(TensorFlags.Contiguous);

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_conj() => Flags.HasFlag(TensorFlags.Conjugate);

        public bool is_neg() => Flags.HasFlag(TensorFlags.Negative);

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_complex() => torch.is_complex(dtype);

        public bool is_integral() => torch.is_integral(dtype);

        public bool is_nonzero() => Op.Bool("is_nonzero", this);

        private static int Wrap(int dim, int rank) =>
            dim >= -rank && dim < rank ? (dim + rank) % rank
            : throw new ArgumentOutOfRangeException(nameof(dim), dim, $"expected a dimension from {-rank} to {rank - 1}");
    }
}
