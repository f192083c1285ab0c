using System.Numerics;
using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>One number with its type, as operators take it beside tensors.</summary>
public sealed class Scalar : IDisposable
{
    private readonly long _integer;
    private readonly Complex _number;

    private Scalar(torch.ScalarType type, long integer)
    {
        Type = type;
        _integer = integer;
        _number = integer;
    }

    internal Scalar(torch.ScalarType type, Complex number)
    {
        Type = type;
        _number = number;
        _integer = torch.is_complex(type) ? 0 : unchecked((long)number.Real);
    }

    public torch.ScalarType Type { get; }

    internal bool IsReal => Type is torch.ScalarType.Float16 or torch.ScalarType.BFloat16 or torch.ScalarType.Float32 or torch.ScalarType.Float64;

    internal bool IsComplex => torch.is_complex(Type);

    public static implicit operator Scalar(byte value) => new(torch.ScalarType.Byte, value);

    public static implicit operator Scalar(sbyte value) => new(torch.ScalarType.Int8, value);

    public static implicit operator Scalar(short value) => new(torch.ScalarType.Int16, value);

    public static implicit operator Scalar(int value) => new(torch.ScalarType.Int32, value);

    public static implicit operator Scalar(long value) => new(torch.ScalarType.Int64, value);

    public static implicit operator Scalar(Half value) => new(torch.ScalarType.Float16, (double)value);

    public static implicit operator Scalar(float value) => new(torch.ScalarType.Float32, value);

    public static implicit operator Scalar(double value) => new(torch.ScalarType.Float64, value);

    public static implicit operator Scalar(bool value) => new(torch.ScalarType.Bool, value ? 1L : 0L);

    public static implicit operator Scalar((float, float) value) =>
        new(torch.ScalarType.ComplexFloat32, new Complex(value.Item1, value.Item2));

    public static implicit operator Scalar(Complex value) => new(torch.ScalarType.ComplexFloat64, value);

    /// <summary>Nothing native is held; here for source compatibility.</summary>
    public void Dispose()
    {
    }

    internal double AsDouble() => _number.Real;

    internal long AsInt64() => _integer;

    internal Complex AsComplex() => _number;

    internal Arg ToArg() =>
        IsComplex ? _number
        : IsReal ? _number.Real
        : Type == torch.ScalarType.Bool ? _integer != 0
        : _integer;
}
