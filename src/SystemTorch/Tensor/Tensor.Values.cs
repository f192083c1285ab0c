using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp.Interop;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        /// <summary>
        /// The memory of a contiguous CPU tensor of at most 2 GiB, as bytes. Keep the tensor alive while the span is in use.
        /// </summary>
        public Span<byte> bytes
        {
            get
            {
                if (!is_contiguous())
                {
                    throw new NotImplementedException("bytes: expected a contiguous tensor; call contiguous() first");
                }
                var length = NumberOfElements * ElementSize;
                return length <= int.MaxValue ? new Span<byte>(DataPointer(), (int)length)
                    : throw new ArgumentException($"bytes: expected at most 2 GiB, got {length} bytes; take views with narrow");
            }

            set
            {
                var target = bytes;
                if (value.Length != target.Length)
                {
                    throw new ArgumentException($"bytes: expected {target.Length} bytes, got {value.Length}");
                }
                value.CopyTo(target);
            }
        }

        /// <summary>The only element of a tensor as a C# number, converted where the types differ.</summary>
        public T item<T>()
            where T : struct
        {
            if (NumberOfElements != 1)
            {
                throw new ArgumentException($"item: expected a tensor of one element, got shape [{string.Join(", ", shape)}]");
            }
            if (TensorAccessor<T>.Matches(dtype))
            {
                return is_cpu() ? Unsafe.ReadUnaligned<T>(DataPointer()) : throw new NotSupportedException($"item: expected a CPU tensor, got {device}");
            }
            return Converted<T>(ToScalar());
        }

        /// <summary>The only element of a tensor with its type.</summary>
        public Scalar ToScalar()
        {
            if (NumberOfElements != 1)
            {
                throw new ArgumentException($"ToScalar: expected a tensor of one element, got shape [{string.Join(", ", shape)}]");
            }
            var data = DataPointer();
            return dtype switch
            {
                ScalarType.Byte => *(byte*)data,
                ScalarType.Int8 => *(sbyte*)data,
                ScalarType.Int16 => *(short*)data,
                ScalarType.Int32 => *(int*)data,
                ScalarType.Int64 => *(long*)data,
                ScalarType.Bool => *(bool*)data,
                ScalarType.Float16 => *(Half*)data,
                ScalarType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)*(ushort*)data << 16).ToBFloat16Scalar(),
                ScalarType.Float32 => *(float*)data,
                ScalarType.Float64 => *(double*)data,
                ScalarType.ComplexFloat32 => (((float*)data)[0], ((float*)data)[1]),
                ScalarType.ComplexFloat64 => *(Complex*)data,
                _ => throw new NotSupportedException($"ToScalar: elements of type {dtype} cannot be read"),
            };
        }

        /// <summary>The elements as C# numbers of the tensor's own type, in the order of its shape.</summary>
        public TensorAccessor<T> data<T>()
            where T : struct => new(this);

        public T ReadCpuValue<T>(long i)
            where T : struct => data<T>().At(i);

        public float ReadCpuSingle(long i) => ReadCpuValue<float>(i);

        public double ReadCpuDouble(long i) => ReadCpuValue<double>(i);

        public long ReadCpuInt64(long i) => ReadCpuValue<long>(i);

        public int ReadCpuInt32(long i) => ReadCpuValue<int>(i);

        public short ReadCpuInt16(long i) => ReadCpuValue<short>(i);

        public byte ReadCpuByte(long i) => ReadCpuValue<byte>(i);

        public sbyte ReadCpuSByte(long i) => ReadCpuValue<sbyte>(i);

        public bool ReadCpuBool(long i) => ReadCpuValue<bool>(i);

        internal void* DataPointer()
        {
            if (device_type != DeviceType.CPU)
            {
                throw new InvalidOperationException($"data: expected a CPU tensor, got {device}");
            }
            Status.Check(NativeMethods.st_tensor_data(Handle, out var data));
            return data;
        }

        private static T Converted<T>(Scalar scalar)
            where T : struct
        {
            object boxed = typeof(T) == typeof(float) ? scalar.ToSingle()
                : typeof(T) == typeof(double) ? scalar.ToDouble()
                : typeof(T) == typeof(long) ? scalar.ToInt64()
                : typeof(T) == typeof(int) ? scalar.ToInt32()
                : typeof(T) == typeof(short) ? scalar.ToInt16()
                : typeof(T) == typeof(byte) ? scalar.ToByte()
                : typeof(T) == typeof(sbyte) ? scalar.ToSByte()
                : typeof(T) == typeof(bool) ? scalar.ToBoolean()
                : typeof(T) == typeof(Half) ? scalar.ToHalf()
                : typeof(T) == typeof(Complex) ? scalar.ToComplexFloat64()
                : throw new ArgumentException($"item: no tensor element becomes a {typeof(T)}");
            return (T)boxed;
        }
    }
}
