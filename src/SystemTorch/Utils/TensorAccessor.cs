using System.Collections;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Utils;

/// <summary>Reads and writes the elements of a CPU tensor in the order of its shape, whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T>
    where T : struct
{
    private readonly torch.Tensor _tensor;
    private readonly byte* _data;
    private readonly long[] _shape;
    private readonly long[] _strides;
    private readonly bool _contiguous;

    internal TensorAccessor(torch.Tensor tensor)
    {
        if (!Matches(tensor.dtype))
        {
            throw new ArgumentException($"data: elements of a {tensor.dtype} tensor are no {typeof(T).Name}");
        }
        _tensor = tensor;
        _data = (byte*)tensor.DataPointer();
        _shape = tensor.shape;
        _strides = tensor.stride();
        _contiguous = tensor.is_contiguous();
        Count = tensor.NumberOfElements;
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    public T this[params long[] indices]
    {
        get => Unsafe.ReadUnaligned<T>(_data + (Offset(indices) * Unsafe.SizeOf<T>()));
        set => Unsafe.WriteUnaligned(_data + (Offset(indices) * Unsafe.SizeOf<T>()), value);
    }

    public static bool operator ==(TensorAccessor<T> left, TensorAccessor<T> right) =>
        left is null ? right is null : left.Equals(right);

    public static bool operator !=(TensorAccessor<T> left, TensorAccessor<T> right) => !(left == right);

    public T[] ToArray()
    {
        var values = new T[Count];
        CopyTo(values.AsSpan());
        return values;
    }

    /// <summary>An array with as many dimensions as the tensor; of one element for a tensor without dimensions.</summary>
    public Array ToNDArray()
    {
        if (_shape.Length == 0)
        {
            return ToArray();
        }
        var array = Array.CreateInstance(typeof(T), _shape);
        var place = 0L;
        ref var first = ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array));
        foreach (var value in this)
        {
            Unsafe.Add(ref first, (nint)place++) = value;
        }
        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = array[arrayIndex..];
        var count = (int)Math.Min(target.Length, Count - tensorIndex);
        if (_contiguous)
        {
            MemoryMarshal.CreateReadOnlySpan(ref Unsafe.AsRef<T>(_data + (tensorIndex * Unsafe.SizeOf<T>())), count).CopyTo(target);
            GC.KeepAlive(_tensor);
            return;
        }
        for (var i = 0; i < count; i++)
        {
            target[i] = At(tensorIndex + i);
        }
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = array[arrayIndex..];
        var count = (int)Math.Min(source.Length, Count - tensorIndex);
        for (var i = 0; i < count; i++)
        {
            Unsafe.WriteUnaligned(_data + (Place(tensorIndex + i) * Unsafe.SizeOf<T>()), source[i]);
        }
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (var i = 0L; i < Count; i++)
        {
            yield return At(i);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The tensor itself stays as it is; here for source compatibility.</summary>
    public void Dispose() => GC.KeepAlive(_tensor);

#nullable disable annotations // As in TorchSharp, where this file is not annotated.
    public override bool Equals(object obj) => obj is TensorAccessor<T> other && Count == other.Count && this.SequenceEqual(other);
#nullable restore annotations

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var value in this)
        {
            hash.Add(value);
        }
        return hash.ToHashCode();
    }

    internal static bool Matches(torch.ScalarType dtype) => dtype switch
    {
        torch.ScalarType.Byte => typeof(T) == typeof(byte),
        torch.ScalarType.Int8 => typeof(T) == typeof(sbyte),
        torch.ScalarType.Int16 => typeof(T) == typeof(short),
        torch.ScalarType.Int32 => typeof(T) == typeof(int),
        torch.ScalarType.Int64 => typeof(T) == typeof(long),
        torch.ScalarType.Bool => typeof(T) == typeof(bool),
        torch.ScalarType.Float16 => typeof(T) == typeof(Half),
        torch.ScalarType.Float32 => typeof(T) == typeof(float),
        torch.ScalarType.Float64 => typeof(T) == typeof(double),
        torch.ScalarType.ComplexFloat32 => typeof(T) == typeof((float, float)),
        torch.ScalarType.ComplexFloat64 => typeof(T) == typeof(Complex),
        _ => false,
    };

    /// <summary>The element at a place counted through the shape, last dimension fastest.</summary>
    internal T At(long index)
    {
        if (index < 0 || index >= Count)
        {
            throw new IndexOutOfRangeException($"index: expected 0 to {Count - 1}, got {index}");
        }
        var value = Unsafe.ReadUnaligned<T>(_data + (Place(index) * Unsafe.SizeOf<T>()));
        GC.KeepAlive(_tensor);
        return value;
    }

    private long Place(long index)
    {
        if (_contiguous)
        {
            return index;
        }
        var place = 0L;
        for (var d = _shape.Length - 1; d >= 0; d--)
        {
            place += index % _shape[d] * _strides[d];
            index /= _shape[d];
        }
        return place;
    }

    private long Offset(long[] indices)
    {
        if (indices.Length != _shape.Length)
        {
            throw new ArgumentException($"indices: expected {_shape.Length}, one for each dimension, got {indices.Length}");
        }
        var place = 0L;
        for (var d = 0; d < indices.Length; d++)
        {
            if (indices[d] < 0 || indices[d] >= _shape[d])
            {
                throw new IndexOutOfRangeException($"index {d}: expected 0 to {_shape[d] - 1}, got {indices[d]}");
            }
            place += indices[d] * _strides[d];
        }
        return place;
    }
}
