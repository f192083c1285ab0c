namespace RnnZoo.Gradients;

/// <summary>
/// Y = Q R by Gram-Schmidt, each column freed of the others again and again until it no longer shrinks. The error of each
/// column is relative to that column, so columns of very different size are no trouble. Source: L. Giraud, J. Langou and
/// M. Rozložník, "The loss of orthogonality in the Gram-Schmidt orthogonalization process", 2005.
/// </summary>
internal static class Orthogonal<T>
    where T : struct, IReal<T>
{
    private const int MostPasses = 5;

    /// <summary>Makes the columns orthonormal.</summary>
    /// <param name="columns">r columns of n numbers, one after the other; Q in place of Y afterwards.</param>
    /// <param name="size">n.</param>
    /// <param name="count">r, at most n.</param>
    /// <param name="triangle">R, [r, r] row-major, its upper triangle written. A column that depends on those before it gets a 0.</param>
    /// <param name="random">Fills the place of such a column.</param>
    public static void Factor(T[] columns, int size, int count, T[] triangle, Random random)
    {
        for (var index = 0; index < count; index++)
        {
            var column = columns.AsSpan(index * size, size);
            for (var row = 0; row < index; row++)
            {
                triangle[(row * count) + index] = T.From(0);
            }

            var norm = Project(columns, index, column, triangle, count);
            triangle[(index * count) + index] = norm;
            if (T.Round(norm) == 0)
            {
                norm = Complete(columns, index, column, random);
            }

            Divide(column, norm);
        }
    }

    /// <summary>The norm of a vector, safe from over- and underflow of its square.</summary>
    public static T Norm(ReadOnlySpan<T> vector)
    {
        var largest = 0.0;
        foreach (var value in vector)
        {
            largest = Math.Max(largest, Math.Abs(T.Round(value)));
        }

        if (largest is 0 or (> 1e-120 and < 1e120))
        {
            return T.Sqrt(T.Dot(vector, vector));
        }

        var exponent = Math.Clamp(Math.ILogB(largest), -1000, 1000);
        var scaled = vector.ToArray();
        for (var index = 0; index < scaled.Length; index++)
        {
            scaled[index] = T.TimesPower(scaled[index], Math.ScaleB(1, -exponent));
        }

        return T.TimesPower(T.Sqrt(T.Dot(scaled, scaled)), Math.ScaleB(1, exponent));
    }

    /// <summary>Normal numbers.</summary>
    public static void Fill(Span<T> values, Random random)
    {
        for (var index = 0; index < values.Length; index++)
        {
            // Box and Muller, 1958.
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[index] = T.From(radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
    }

    /// <summary>Takes from a column what lies along those before it.</summary>
    /// <returns>The norm of the rest; 0 if nothing but rounding is left.</returns>
    private static T Project(T[] columns, int index, Span<T> column, T[]? triangle, int count)
    {
        var size = column.Length;
        var before = T.Round(Norm(column));
        for (var pass = 0; pass < MostPasses && before > 0; pass++)
        {
            for (var row = 0; row < index; row++)
            {
                var other = columns.AsSpan(row * size, size);
                var along = T.Dot(other, column);
                T.AddScaled(column, T.From(0) - along, other);
                if (triangle is not null)
                {
                    triangle[(row * count) + index] += along;
                }
            }

            var norm = Norm(column);
            var after = T.Round(norm);
            if (after > 0.5 * before || index == 0)
            {
                return norm;
            }

            before = after;
        }

        return T.From(0);
    }

    private static T Complete(T[] columns, int index, Span<T> column, Random random)
    {
        while (true)
        {
            Fill(column, random);
            var norm = Project(columns, index, column, triangle: null, count: 0);
            if (T.Round(norm) > 0)
            {
                return norm;
            }
        }
    }

    private static void Divide(Span<T> column, T norm)
    {
        for (var index = 0; index < column.Length; index++)
        {
            column[index] /= norm;
        }
    }
}
