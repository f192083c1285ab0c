namespace RnnZoo.Kernels;

/// <summary>
/// How many sequences of a batch have each time step, the longest sequence first: the batch_sizes of a PackedSequence. The
/// rows of a packed sequence [N, ·] are those of step 0, then those of step 1, and so on; row b of a step belongs to sequence b.
/// </summary>
internal sealed class BatchSizes
{
    private readonly int[] _rows;
    private readonly long[] _starts;

    /// <summary>Takes the rows of each step: at least one step, and no more rows than the step before has.</summary>
    public BatchSizes(int[] rows)
    {
        _rows = rows;
        _starts = new long[rows.Length + 1];
        for (var t = 0; t < rows.Length; t++)
        {
            _starts[t + 1] = _starts[t] + rows[t];
        }
    }

    /// <summary>T: the steps of the longest sequence.</summary>
    public int Steps => _rows.Length;

    /// <summary>B.</summary>
    public int Batch => _rows[0];

    /// <summary>N: the rows of all steps.</summary>
    public long Total => _starts[^1];

    /// <summary>Whether all sequences have T steps.</summary>
    public bool IsEven => _rows[^1] == _rows[0];

    /// <summary>The rows of step t.</summary>
    public int this[int t] => _rows[t];

    /// <summary>The first row of step t; T for N.</summary>
    public long Start(int t) => _starts[t];

    /// <summary>T steps of B rows each.</summary>
    public static BatchSizes Even(long steps, long batch)
    {
        var rows = new int[steps];
        Array.Fill(rows, checked((int)batch));
        return new BatchSizes(rows);
    }

    /// <summary>The sizes for lengths in descending order, each at least 1.</summary>
    public static BatchSizes OfLengths(long[] descending)
    {
        var rows = new int[descending[0]];
        foreach (var length in descending)
        {
            rows[length - 1]++; // how many end here
        }

        for (var t = rows.Length - 2; t >= 0; t--)
        {
            rows[t] += rows[t + 1];
        }

        return new BatchSizes(rows);
    }

    /// <summary>How many steps each sequence has, in descending order.</summary>
    public long[] Lengths()
    {
        var lengths = new long[Batch];
        for (var t = 0; t < Steps; t++)
        {
            lengths.AsSpan(0, _rows[t]).Fill(t + 1);
        }

        return lengths;
    }

    /// <summary>The bounds of parts of the batch that have about as many rows each, over all steps, and a sequence at least.</summary>
    /// <param name="parts">At most B.</param>
    /// <returns>[parts + 1], from 0 to B.</returns>
    public int[] Parts(int parts)
    {
        var (bounds, lengths, sum, sequence) = (new int[parts + 1], Lengths(), 0L, 0);
        for (var part = 1; part <= parts; part++)
        {
            while (sequence < Batch - (parts - part) && (sequence < bounds[part - 1] + 1 || sum + (lengths[sequence] / 2) < Total * part / parts))
            {
                sum += lengths[sequence++];
            }

            bounds[part] = sequence;
        }

        bounds[parts] = Batch;
        return bounds;
    }
}
