using System.Numerics;

namespace TorchSharp.Interop;

/// <summary>An argument of an operator, before it is laid out for the shim.</summary>
internal readonly struct Arg
{
    private Arg(ValueTag tag, long bits = 0, object? reference = null)
    {
        Tag = tag;
        Bits = bits;
        Reference = reference;
    }

    public ValueTag Tag { get; }

    public long Bits { get; }

    public object? Reference { get; }

    /// <summary>None of an optional argument.</summary>
    public static Arg None => default;

    /// <summary>The default of the operator's schema.</summary>
    public static Arg Default => new(ValueTag.Default);

    public static implicit operator Arg(torch.Tensor? value) => value is null ? None : new(ValueTag.Tensor, 0, value);

    public static implicit operator Arg(torch.Tensor[] value) => new(ValueTag.Tensors, 0, value);

    public static implicit operator Arg(long value) => new(ValueTag.Int, value);

    public static implicit operator Arg(long? value) => value is { } number ? number : None;

    public static implicit operator Arg(int? value) => value is { } number ? (long)number : None;

    public static implicit operator Arg(double value) => new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Arg(double? value) => value is { } number ? number : None;

    public static implicit operator Arg(bool value) => new(ValueTag.Bool, value ? 1 : 0);

    public static implicit operator Arg(bool? value) => value is { } flag ? flag : None;

    public static implicit operator Arg(long[]? value) => value is null ? None : new(ValueTag.Ints, 0, value);

    public static implicit operator Arg(double[]? value) => value is null ? None : new(ValueTag.Doubles, 0, value);

    public static implicit operator Arg(string? value) => value is null ? None : new(ValueTag.String, 0, value);

    public static implicit operator Arg(torch.ScalarType? value) => value is { } type ? new(ValueTag.Int, (long)type) : None;

    public static implicit operator Arg(torch.ScalarType value) => new(ValueTag.Int, (long)value);

    public static implicit operator Arg(torch.Device? value) =>
        value is null ? None : new(ValueTag.Device, (uint)value.type | ((long)value.index << 32));

    public static implicit operator Arg(torch.Generator? value) => value is null ? None : new(ValueTag.Generator, 0, value);

    public static implicit operator Arg(Scalar? value) => value is null ? None : value.ToArg();

    public static implicit operator Arg(Complex value) => new(ValueTag.Complex, 0, new[] { value.Real, value.Imaginary });

    /// <summary>A list whose entries may be null, as the indexing operators take it.</summary>
    public static Arg OptionalTensors(torch.Tensor?[] value) => new(ValueTag.OptionalTensors, 0, value);
}
