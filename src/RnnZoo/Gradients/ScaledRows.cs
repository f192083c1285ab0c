namespace RnnZoo.Gradients;

/// <summary>
/// A square matrix diag(2^e_i) U with rows of U near 1 in size: sizes of any range, in which a small row is as exact as a
/// large one. It holds the triangular part of a product, and finds its singular values.
/// </summary>
internal sealed class ScaledRows<T>
    where T : struct, IReal<T>
{
    private const int MostSweeps = 60;
    private const int Range = 900; // below this power of two one row is nothing beside another

    private readonly int _size;
    private readonly T[] _values;
    private readonly long[] _exponents;

    /// <summary>The identity.</summary>
    public ScaledRows(int size)
    {
        _size = size;
        _values = new T[size * size];
        _exponents = new long[size];
        for (var row = 0; row < size; row++)
        {
            Row(row)[row] = T.From(1);
        }
    }

    /// <summary>This matrix, upper triangular so far, becomes 2^exponent R times itself.</summary>
    /// <param name="triangle">R, [r, r] row-major; its upper triangle is read.</param>
    /// <param name="exponent">The power of two.</param>
    public void MultiplyFromLeft(T[] triangle, int exponent)
    {
        var next = new T[_size];
        for (var row = 0; row < _size; row++)
        {
            // Rows below are still the old ones when this row needs them.
            var reference = Reference(triangle, row);
            Array.Clear(next);
            for (var other = row; other < _size; other++)
            {
                var factor = triangle[(row * _size) + other];
                if (T.Round(factor) != 0)
                {
                    T.AddScaled(next.AsSpan(other), T.TimesPower(factor, Power(_exponents[other] - reference)), Row(other)[other..]);
                }
            }

            next.CopyTo(Row(row));
            _exponents[row] = reference + exponent;
            Normalise(row);
        }
    }

    /// <summary>
    /// ln of every singular value, largest first, −∞ for 0; null if rotations did not come to an end. The rows are destroyed.
    /// One-sided Jacobi on the rows: a rotation of two rows is written for the smaller one relative to itself, so a
    /// value's relative error depends on the angles between rows, not on their sizes. Source: J. Demmel and K. Veselić,
    /// "Jacobi's method is more accurate than QR", 1992; Z. Drmač and K. Veselić, 2008.
    /// </summary>
    public double[]? LogSingularValues()
    {
        for (var sweep = 0; sweep < MostSweeps; sweep++)
        {
            var rotated = false;
            for (var first = 0; first < _size; first++)
            {
                for (var second = first + 1; second < _size; second++)
                {
                    rotated |= Rotate(first, second);
                }
            }

            if (!rotated)
            {
                return [.. Enumerable.Range(0, _size).Select(LogNorm).OrderDescending()];
            }
        }

        return null;
    }

    /// <summary>Makes two rows orthogonal.</summary>
    /// <returns>Whether they were not.</returns>
    private bool Rotate(int first, int second)
    {
        var (large, small) = _exponents[first] >= _exponents[second] ? (first, second) : (second, first);
        var (a, b, g) = (T.Dot(Row(large), Row(large)), T.Dot(Row(small), Row(small)), T.Dot(Row(large), Row(small)));
        var limit = 4 * Math.Sqrt(_size) * T.Epsilon * Math.Sqrt(T.Round(a)) * Math.Sqrt(T.Round(b));
        if (!(Math.Abs(T.Round(g)) > limit))
        {
            return double.IsNaN(T.Round(g)); // NaN goes on to no end
        }

        var s = Power(_exponents[small] - _exponents[large]);
        if (T.Round(b) * s * s > T.Round(a))
        {
            // Of about one size, and the other one is the larger after all.
            (large, small, a, b, s) = (small, large, b, a, 1 / s);
        }

        // Rows x = 2^e y. With tan θ = τ s: τ = 2g / (d + √(d² + (2gs)²)), d = a - b s²; then x·x' = 0 after
        // y_large ← c (y_large + τ s² y_small),  y_small ← c (y_small - τ y_large),  c = 1 / √(1 + τ²s²).
        var difference = a - T.TimesPower(T.TimesPower(b, s), s);
        var twice = g + g;
        var crossed = T.TimesPower(twice, s);
        var tau = twice / (difference + T.Sqrt((difference * difference) + (crossed * crossed)));
        var tangent = T.TimesPower(tau, s);
        var cosine = T.From(1) / T.Sqrt(T.From(1) + (tangent * tangent));
        Rotate(Row(large), Row(small), T.TimesPower(tangent, s), tau, cosine);
        Normalise(large);
        Normalise(small);
        return true;
    }

    private static void Rotate(Span<T> large, Span<T> small, T toLarge, T toSmall, T cosine)
    {
        for (var index = 0; index < large.Length; index++)
        {
            var (x, y) = (large[index], small[index]);
            large[index] = cosine * (x + (toLarge * y));
            small[index] = cosine * (y - (toSmall * x));
        }
    }

    private double LogNorm(int row)
    {
        var norm = T.Round(Orthogonal<T>.Norm(Row(row)));
        return norm == 0 ? double.NegativeInfinity : Math.Log(norm) + (_exponents[row] * Math.Log(2));
    }

    /// <summary>The exponent of the largest term of a row of R times this matrix.</summary>
    private long Reference(T[] triangle, int row)
    {
        var reference = long.MinValue;
        for (var other = row; other < _size; other++)
        {
            var factor = T.Round(triangle[(row * _size) + other]);
            if (factor != 0)
            {
                reference = Math.Max(reference, _exponents[other] + Math.ILogB(factor));
            }
        }

        return reference == long.MinValue ? 0 : reference;
    }

    private void Normalise(int row)
    {
        var largest = 0.0;
        foreach (var value in Row(row))
        {
            largest = Math.Max(largest, Math.Abs(T.Round(value)));
        }

        if (largest == 0 || !double.IsFinite(largest) || Math.ILogB(largest) is var exponent && exponent == 0)
        {
            return;
        }

        var power = Power(-exponent);
        foreach (ref var value in Row(row))
        {
            value = T.TimesPower(value, power);
        }

        _exponents[row] += exponent;
    }

    private static double Power(long exponent) => exponent < -Range ? 0 : Math.ScaleB(1, (int)Math.Min(exponent, Range));

    private Span<T> Row(int row) => _values.AsSpan(row * _size, _size);
}
