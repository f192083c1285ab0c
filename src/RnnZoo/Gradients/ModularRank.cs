namespace RnnZoo.Gradients;

/// <summary>
/// The exact rank of a product of matrices of doubles. A double is an integer times a power of two, so the product can be
/// taken modulo a prime without rounding; its rank there is the true one, unless the prime divides a minor: for a prime of
/// 63 bits a chance of about 1e-16.
/// </summary>
internal static class ModularRank
{
    private const ulong Prime = (1UL << 63) - 25;
    private const int LowestExponent = -1074 - 53;
    private static readonly Lazy<ulong[]> Powers = new(MakePowers);

    /// <summary>The rank of J_{m-1} … J_0.</summary>
    public static int Of(Factors factors)
    {
        ulong[][]? basis = null; // of the image so far; null for the whole space
        for (var index = 0; index < factors.Count; index++)
        {
            var (values, _) = factors.Load(index, transposed: basis is null);
            var residues = Array.ConvertAll(values, Residue);
            var columns = basis is null ? Rows(residues, factors.Size) : Multiply(residues, basis, factors.Size);
            basis = Independent(columns, factors.Size);
            if (basis.Length == 0)
            {
                return 0;
            }

            basis = basis.Length == factors.Size ? null : basis;
        }

        return basis?.Length ?? factors.Size;
    }

    /// <summary>The double modulo the prime.</summary>
    internal static ulong Residue(double value)
    {
        if (value == 0)
        {
            return 0;
        }

        var exponent = Math.ILogB(value) - 52;
        var mantissa = (long)Math.ScaleB(value, -exponent); // exact: at most 53 bits
        var residue = Multiply((ulong)Math.Abs(mantissa), Powers.Value[exponent - LowestExponent]);
        return mantissa < 0 && residue != 0 ? Prime - residue : residue;
    }

    internal static ulong Multiply(ulong left, ulong right)
    {
        // 2^63 ≡ 25: the upper 63 bits, times 25, are added to the lower ones.
        var high = Math.BigMul(left, right, out var low);
        var upper = (high << 1) | (low >> 63);
        var carry = Math.BigMul(upper, 25, out var folded);
        var sum = (low & long.MaxValue) + (folded & long.MaxValue) + (((carry << 1) | (folded >> 63)) * 25);
        sum = (sum & long.MaxValue) + ((sum >> 63) * 25);
        return sum >= Prime ? sum - Prime : sum;
    }

    private static ulong[][] Rows(ulong[] transposed, int size) =>
        [.. Enumerable.Range(0, size).Select(row => transposed.AsSpan(row * size, size).ToArray())];

    private static ulong[][] Multiply(ulong[] matrix, ulong[][] columns, int size) => Array.ConvertAll(columns, column =>
    {
        var product = new ulong[size];
        for (var row = 0; row < size; row++)
        {
            var sum = 0UL;
            for (var at = 0; at < size; at++)
            {
                sum = Add(sum, Multiply(matrix[(row * size) + at], column[at]));
            }

            product[row] = sum;
        }

        return product;
    });

    /// <summary>A basis of what the columns span, in echelon form.</summary>
    private static ulong[][] Independent(ulong[][] columns, int size)
    {
        var basis = new List<(int Pivot, ulong[] Column)>();
        foreach (var column in columns)
        {
            foreach (var (at, other) in basis)
            {
                if (column[at] != 0)
                {
                    SubtractScaled(column, column[at], other, at);
                }
            }

            var pivot = Array.FindIndex(column, value => value != 0);
            if (pivot >= 0)
            {
                var inverse = Power(column[pivot], Prime - 2);
                basis.Add((pivot, Array.ConvertAll(column, value => value == 0 ? 0 : Multiply(value, inverse))));
            }

            if (basis.Count == size)
            {
                break;
            }
        }

        return [.. basis.Select(item => item.Column)];
    }

    private static void SubtractScaled(ulong[] target, ulong factor, ulong[] values, int pivot)
    {
        var negative = Prime - factor;
        for (var at = pivot; at < target.Length; at++)
        {
            if (values[at] != 0)
            {
                target[at] = Add(target[at], Multiply(negative, values[at]));
            }
        }
    }

    private static ulong Add(ulong left, ulong right)
    {
        var sum = left + right;
        return sum >= Prime ? sum - Prime : sum;
    }

    private static ulong Power(ulong value, ulong exponent)
    {
        var result = 1UL;
        for (; exponent > 0; exponent >>= 1, value = Multiply(value, value))
        {
            result = (exponent & 1) == 1 ? Multiply(result, value) : result;
        }

        return result;
    }

    private static ulong[] MakePowers()
    {
        var powers = new ulong[1024 - LowestExponent + 1];
        powers[0] = Power(Power(2, Prime - 2), (ulong)-LowestExponent);
        for (var index = 1; index < powers.Length; index++)
        {
            powers[index] = Add(powers[index - 1], powers[index - 1]);
        }

        return powers;
    }
}
