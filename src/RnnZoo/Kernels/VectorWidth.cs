using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>Width of the vectors that a pass works with, in bits. Every width gives right results on every machine.</summary>
internal enum VectorWidth
{
    Bits128 = 128,
    Bits256 = 256,
    Bits512 = 512,
}

/// <summary>The width that this machine does in hardware.</summary>
internal static class VectorWidths
{
    public static VectorWidth Best { get; } =
        Vector512.IsHardwareAccelerated ? VectorWidth.Bits512
        : Vector256.IsHardwareAccelerated ? VectorWidth.Bits256
        : VectorWidth.Bits128;
}
