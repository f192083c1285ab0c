using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace RnnZoo.Kernels;

/// <summary>
/// Transposes matrices, 16 bytes of four (float) or two (double) rows at a time. Rows that lie far apart, as those of weights
/// do, fall into the same few places of the first-level cache where their distance is a power of two: no more than four of them
/// are under way, each for a whole cache line, while the near ones fill a block that stays in the cache.
/// </summary>
internal static unsafe class Transposition<T>
    where T : unmanaged
{
    private static int Line => 64 / sizeof(T);

    private static int Side => 16 / sizeof(T);

    private static bool HasInterleave => Sse2.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>target[column, row] = source[row, column]; strides are those between rows of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(T* target, nint targetStride, T* source, nint sourceStride, int rows, int columns)
    {
        var (wholeRows, wholeColumns) = HasInterleave ? (rows - (rows % Side), columns - (columns % Side)) : (0, 0);
        for (var r = 0; r < wholeRows; r += Line)
        {
            var lastRow = Math.Min(r + Line, wholeRows);
            for (var c = 0; c < wholeColumns; c += Line)
            {
                Block(target, targetStride, source, sourceStride, r, lastRow, c, Math.Min(c + Line, wholeColumns));
            }
        }

        Rest(target, targetStride, source, sourceStride, 0, wholeRows, wholeColumns, columns);
        Rest(target, targetStride, source, sourceStride, wholeRows, rows, 0, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(T* target, nint targetStride, T* source, nint sourceStride, int row, int lastRow, int column, int lastColumn)
    {
        if (sourceStride > targetStride)
        {
            for (var r = row; r < lastRow; r += Side)
            {
                for (var c = column; c < lastColumn; c += Side)
                {
                    Square(target + (c * targetStride) + r, targetStride, source + (r * sourceStride) + c, sourceStride);
                }
            }
        }
        else
        {
            for (var c = column; c < lastColumn; c += Side)
            {
                for (var r = row; r < lastRow; r += Side)
                {
                    Square(target + (c * targetStride) + r, targetStride, source + (r * sourceStride) + c, sourceStride);
                }
            }
        }
    }

    // Two rows are interleaved twice: first by elements, then, of floats, by pairs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square(T* target, nint targetStride, T* source, nint sourceStride)
    {
        if (typeof(T) == typeof(double))
        {
            var (a, b) = (Vector128.Load((double*)source), Vector128.Load((double*)(source + sourceStride)));
            Low(a, b).Store((double*)target);
            High(a, b).Store((double*)(target + targetStride));
            return;
        }

        var (a0, a1) = (Vector128.Load((float*)source), Vector128.Load((float*)(source + sourceStride)));
        var (a2, a3) = (Vector128.Load((float*)(source + (2 * sourceStride))), Vector128.Load((float*)(source + (3 * sourceStride))));
        var (low, lower) = (Low(a0, a1).AsDouble(), Low(a2, a3).AsDouble());
        var (high, higher) = (High(a0, a1).AsDouble(), High(a2, a3).AsDouble());
        Low(low, lower).Store((double*)target);
        High(low, lower).Store((double*)(target + targetStride));
        Low(high, higher).Store((double*)(target + (2 * targetStride)));
        High(high, higher).Store((double*)(target + (3 * targetStride)));
    }

    private static Vector128<double> Low(Vector128<double> a, Vector128<double> b) => Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    private static Vector128<double> High(Vector128<double> a, Vector128<double> b) => Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    private static Vector128<float> Low(Vector128<float> a, Vector128<float> b) => Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    private static Vector128<float> High(Vector128<float> a, Vector128<float> b) => Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    private static void Rest(T* target, nint targetStride, T* source, nint sourceStride, int row, int lastRow, int column, int lastColumn)
    {
        for (var r = row; r < lastRow; r++)
        {
            for (var c = column; c < lastColumn; c++)
            {
                target[(c * targetStride) + r] = source[(r * sourceStride) + c];
            }
        }
    }
}
