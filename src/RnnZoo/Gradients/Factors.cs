using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>The factors of a product A = J_{m-1} … J_0 of square matrices, read one at a time.</summary>
/// <param name="Size">n: rows and columns of each.</param>
/// <param name="Count">m.</param>
/// <param name="Read">Makes J_i, [n, n], of any floating type on any device.</param>
internal sealed record Factors(int Size, int Count, Func<int, Tensor> Read)
{
    /// <summary>One factor as plain numbers, divided by a power of two so that the largest is about 1.</summary>
    /// <param name="index">i.</param>
    /// <param name="transposed">Whether J_i' is wanted.</param>
    /// <returns>Row-major numbers, and the power's exponent.</returns>
    /// <exception cref="ArithmeticException">A number is NaN or infinite.</exception>
    public (double[] Values, int Exponent) Load(int index, bool transposed)
    {
        var values = ReadValues(index, transposed);
        var largest = 0.0;
        foreach (var value in values)
        {
            if (!double.IsFinite(value))
            {
                throw new ArithmeticException($"J: expected finite numbers in factor {index + 1} of {Count}, got {value}; the state or the weights have diverged.");
            }

            largest = Math.Max(largest, Math.Abs(value));
        }

        var exponent = largest == 0 ? 0 : Math.ILogB(largest);
        if (exponent != 0)
        {
            for (var at = 0; at < values.Length; at++)
            {
                values[at] = Math.ScaleB(values[at], -exponent);
            }
        }

        return (values, exponent);
    }

    private double[] ReadValues(int index, bool transposed)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var matrix = Read(index).detach().to(ScalarType.Float64, CPU); // [n, n]
        var dense = (transposed ? matrix.t() : matrix).contiguous(); // [n, n]
        var values = MemoryMarshal.Cast<byte, double>(dense.bytes).ToArray();
        GC.KeepAlive(dense);
        return values;
    }
}
