using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Modules;

/// <summary>A batch of sequences of several lengths: how its rows are packed, the longest sequence first, and unpacked.</summary>
internal sealed class PackedBatch
{
    private readonly long[] _order; // where each packed sequence stands in the caller's batch
    private readonly bool _isSorted;
    private readonly long[] _padded; // the padded batch's first two axes
    private readonly long[] _places; // [N]: where each packed row stands in a padded batch, these axes joined

    private PackedBatch(BatchSizes sizes, long[] order, bool isSorted, long steps, bool batchFirst)
    {
        (Sizes, _order, _isSorted, _padded, _places) = (sizes, order, isSorted, batchFirst ? [sizes.Batch, steps] : [steps, sizes.Batch], new long[sizes.Total]);
        var (stepStride, batchStride) = batchFirst ? (1, steps) : (sizes.Batch, 1);
        for (var (t, row) = (0, 0); t < sizes.Steps; t++)
        {
            for (var b = 0; b < sizes[t]; b++)
            {
                _places[row++] = (t * stepStride) + (order[b] * batchStride);
            }
        }
    }

    /// <summary>How many rows each step has.</summary>
    public BatchSizes Sizes { get; }

    /// <summary>The packing of a padded batch; null if there is no padding in it.</summary>
    /// <param name="lengths">[B] (int64).</param>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="batchFirst">Whether it is [B, T, ·] rather than [T, B, ·].</param>
    /// <exception cref="ArgumentException">The lengths are of another shape or type, or one is not from 1 to T.</exception>
    public static PackedBatch? Of(Tensor lengths, long steps, long batch, bool batchFirst)
    {
        if (lengths.dtype != ScalarType.Int64 || !Check.HasShape(lengths, [batch]))
        {
            throw new ArgumentException($"lengths: expected [B] = [{batch}] of dtype Int64, got {Check.Show(lengths.shape)} of dtype {lengths.dtype}.");
        }

        long[] values = Numbers(lengths);
        if (Array.FindIndex(values, length => length < 1 || length > steps) is >= 0 and var at)
        {
            throw new ArgumentException($"lengths: expected numbers of steps from 1 to T = {steps}, got {values[at]} for sequence {at}.");
        }

        if (Array.TrueForAll(values, length => length == steps))
        {
            return null;
        }

        long[] order = [.. Enumerable.Range(0, values.Length).OrderByDescending(sequence => values[sequence]).Select(sequence => (long)sequence)];
        return new PackedBatch(BatchSizes.OfLengths(Array.ConvertAll(order, sequence => values[sequence])), order, isSorted: false, steps, batchFirst);
    }

    /// <summary>The packing of sequences that come packed.</summary>
    public static PackedBatch Of(PackedSequence packed)
    {
        var sizes = new BatchSizes(Array.ConvertAll(Numbers(packed.batch_sizes), size => (int)size));
        var isSorted = packed.sorted_indices is null || packed.sorted_indices.IsInvalid;
        return new PackedBatch(sizes, isSorted ? [.. Enumerable.Range(0, sizes.Batch).Select(sequence => (long)sequence)] : Numbers(packed.sorted_indices!), isSorted, sizes.Steps, batchFirst: false);
    }

    /// <summary>Packs a padded batch.</summary>
    /// <param name="padded">[T, B, ·] or, with the batch first, [B, T, ·]; or without the last axis.</param>
    /// <returns>[N, ·] or [N].</returns>
    public Tensor Rows(Tensor padded) => padded.flatten(0, 1).index_select(0, tensor(_places, device: padded.device));

    /// <summary>Pads packed rows with zeros.</summary>
    /// <param name="rows">[N, ·].</param>
    /// <returns>[T, B, ·] or, with the batch first, [B, T, ·].</returns>
    public Tensor Padded(Tensor rows)
    {
        var padded = zeros([_padded[0] * _padded[1], rows.size(1)], dtype: rows.dtype, device: rows.device).index_copy_(0, tensor(_places, device: rows.device), rows);
        return padded.view([.. _padded, rows.size(1)]);
    }

    /// <summary>Packs rows as the sequences came.</summary>
    public PackedSequence Pack(Tensor rows)
    {
        var lengths = new long[Sizes.Batch];
        foreach (var (sequence, length) in _order.Zip(Sizes.Lengths()))
        {
            lengths[sequence] = length;
        }

        return pack_padded_sequence(Padded(rows), tensor(lengths), enforce_sorted: _isSorted);
    }

    /// <summary>A state [L·D, B, ·] in the order in which the sequences are packed.</summary>
    public RecurrentState Sorted(RecurrentState state) => InOrder(state, _order);

    /// <summary>A result with its state in the caller's order.</summary>
    public RecurrentResult Unsorted(RecurrentResult result)
    {
        var places = new long[_order.Length];
        for (var place = 0; place < places.Length; place++)
        {
            places[_order[place]] = place;
        }

        return result with { State = InOrder(result.State, places) };
    }

    private static RecurrentState InOrder(RecurrentState state, long[] order) => state.Map(part => part.index_select(1, tensor(order, device: part.device)));

    private static long[] Numbers(Tensor numbers) => numbers.cpu().data<long>().ToArray();
}

/// <summary>Takes the lengths of a call past its hooks, which see input and state alone, to the forward pass on the same thread.</summary>
internal sealed class LengthsPast : IDisposable
{
    private readonly ThreadLocal<Tensor?> _lengths = new();

    /// <summary>Makes a call with lengths, or with none; a call that a hook makes has its own.</summary>
    public TResult With<TResult>(Tensor? lengths, Func<TResult> call)
    {
        var outer = _lengths.Value;
        _lengths.Value = lengths;
        try
        {
            return call();
        }
        finally
        {
            _lengths.Value = outer;
        }
    }

    /// <summary>The lengths, once.</summary>
    public Tensor? Take()
    {
        var lengths = _lengths.Value;
        _lengths.Value = null;
        return lengths;
    }

    public void Dispose() => _lengths.Dispose();
}
