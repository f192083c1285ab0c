using System.Numerics;
using System.Runtime.InteropServices;

namespace RnnZoo.Tests.Kernels;

/// <summary>
/// Native memory of exactly the size asked for, between guards of NaN: a write beyond the ends is found, a read beyond
/// them spoils the result.
/// </summary>
internal sealed unsafe class GuardedArray<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Guard = 32;
    private readonly T* start;

    public GuardedArray(int count)
    {
        Count = count;
        start = (T*)NativeMemory.Alloc((nuint)((count + (2 * Guard)) * sizeof(T)));
        new Span<T>(start, count + (2 * Guard)).Fill(T.NaN);
    }

    public GuardedArray(double[] values)
        : this(values.Length)
    {
        for (var i = 0; i < Count; i++)
        {
            Pointer[i] = T.CreateTruncating(values[i]);
        }
    }

    public int Count { get; }

    public T* Pointer => start + Guard;

    public double[] ToDoubles()
    {
        var values = new double[Count];
        for (var i = 0; i < Count; i++)
        {
            values[i] = double.CreateTruncating(Pointer[i]);
        }

        return values;
    }

    public void AssertGuards(string name)
    {
        for (var i = 0; i < Guard; i++)
        {
            Assert.True(T.IsNaN(start[i]), $"{name}: written before its start");
            Assert.True(T.IsNaN(Pointer[Count + i]), $"{name}: written beyond its end");
        }
    }

    public void Dispose() => NativeMemory.Free(start);
}
