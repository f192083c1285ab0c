using System.Numerics;
using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

/// <summary>Products of rows against a loop over their sums.</summary>
public sealed class RowProductTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 16)]
    [InlineData(129, 17, 9)]
    [InlineData(300, 32, 33)]
    [InlineData(7, 160, 64)]
    public void Run_AtEveryWidthAndThreadCount_IsTheSum_AndStaysWithinItsArrays(int rows, int depth, int columns)
    {
        foreach (var width in Enum.GetValues<VectorWidth>())
        {
            foreach (var isTransposed in new[] { false, true })
            {
                Assert.Equal(Check<float>(rows, depth, columns, isTransposed, 1, width, 1e-6), Check<float>(rows, depth, columns, isTransposed, 5, width, 1e-6));
                Check<double>(rows, depth, columns, isTransposed, 2, width, 1e-14);
            }
        }
    }

    private static unsafe T[] Check<T>(int rows, int depth, int columns, bool isTransposed, int threads, VectorWidth width, double tolerance)
        where T : unmanaged, IFloatingPoint<T>
    {
        const int Beyond = 40;
        var random = new Random(rows);
        var (a, b, added, c) = (Drawn(rows * depth), Drawn(depth * columns), Drawn(columns), Drawn((rows * columns) + Beyond));
        var before = c.ToArray();
        fixed (T* pointerA = a, pointerB = b, pointerAdded = isTransposed ? added : null, pointerC = c)
        {
            new RowProduct<T> { A = pointerA, Rows = rows, Depth = depth, B = pointerB, IsTransposed = isTransposed, Columns = columns, Added = pointerAdded, C = pointerC }.Run(threads, width);
        }

        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var sum = isTransposed ? double.CreateChecked(added[column]) : 0;
                for (var k = 0; k < depth; k++)
                {
                    sum += double.CreateChecked(a[(row * depth) + k]) * double.CreateChecked(b[isTransposed ? (column * depth) + k : (k * columns) + column]);
                }

                Assert.Equal(sum, double.CreateChecked(c[(row * columns) + column]), tolerance * depth);
            }
        }

        Assert.Equal(before[(rows * columns)..], c[(rows * columns)..]);
        return c;

        T[] Drawn(int count) => [.. Enumerable.Range(0, count).Select(_ => T.CreateChecked(random.NextDouble() - 0.4))];
    }
}
