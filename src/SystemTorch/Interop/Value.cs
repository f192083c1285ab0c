using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

internal enum ValueTag
{
    None = 0,
    Tensor = 1,
    Int = 2,
    Double = 3,
    Bool = 4,
    Ints = 5,
    Doubles = 6,
    Tensors = 7,
    OptionalTensors = 8,
    String = 9,
    Device = 10,
    Generator = 11,
    Complex = 12,
    Default = 13,
}

/// <summary>st_value of the shim: one argument or result of an operator.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct Value
{
    [FieldOffset(0)] public ValueTag Tag;
    [FieldOffset(4)] public int Count;
    [FieldOffset(8)] public long Integer;
    [FieldOffset(8)] public double Real;
    [FieldOffset(8)] public nint Pointer;
}
