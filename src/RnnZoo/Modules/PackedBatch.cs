using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Modules;

/// <summary>A batch of sequences of several lengths: how its rows are packed, the longest sequence first, and unpacked.</summary>
internal sealed class PackedBatch
{
    private readonly RowPlaces _rows;
    private readonly bool _isSorted;

    private PackedBatch(RowPlaces rows, bool isSorted) => (_rows, _isSorted) = (rows, isSorted);

    /// <summary>How many rows each step has.</summary>
    public BatchSizes Sizes => _rows.Sizes;

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
        return new PackedBatch(new RowPlaces(BatchSizes.OfLengths(Array.ConvertAll(order, sequence => values[sequence])), order, steps, batchFirst), isSorted: false);
    }

    /// <summary>The packing of sequences that come packed.</summary>
    public static PackedBatch Of(PackedSequence packed)
    {
        var sizes = new BatchSizes(Array.ConvertAll(Numbers(packed.batch_sizes), size => (int)size));
        var isSorted = packed.sorted_indices is null || packed.sorted_indices.IsInvalid;
        long[] order = isSorted ? [.. Enumerable.Range(0, sizes.Batch).Select(sequence => (long)sequence)] : Numbers(packed.sorted_indices!);
        return new PackedBatch(new RowPlaces(sizes, order, sizes.Steps, BatchFirst: false), isSorted);
    }

    /// <summary>Packs a padded batch.</summary>
    /// <param name="padded">[T, B, ·] or, with the batch first, [B, T, ·]; or without the last axis.</param>
    /// <param name="failures">Where a failure of the backward pass goes.</param>
    /// <returns>[N, ·] or [N].</returns>
    public Tensor Rows(Tensor padded, BackwardFailures failures) => Move(padded, packs: true, failures);

    /// <summary>Pads packed rows with zeros.</summary>
    /// <param name="rows">[N, ·].</param>
    /// <param name="failures">Where a failure of the backward pass goes.</param>
    /// <returns>[T, B, ·] or, with the batch first, [B, T, ·].</returns>
    public Tensor Padded(Tensor rows, BackwardFailures failures) => Move(rows, packs: false, failures);

    /// <summary>Packs rows as the sequences came.</summary>
    public PackedSequence Pack(Tensor rows, BackwardFailures failures)
    {
        var lengths = new long[Sizes.Batch];
        foreach (var (sequence, length) in _rows.Order.Zip(Sizes.Lengths()))
        {
            lengths[sequence] = length;
        }

        return pack_padded_sequence(Padded(rows, failures), tensor(lengths), enforce_sorted: _isSorted);
    }

    /// <summary>A state [L·D, B, ·] in the order in which the sequences are packed.</summary>
    public RecurrentState Sorted(RecurrentState state) => InOrder(state, _rows.Order);

    /// <summary>A result with its state in the caller's order.</summary>
    public RecurrentResult Unsorted(RecurrentResult result) => result with { State = InOrder(result.State, _rows.Ranks) };

    // Each of the two is the other's gradient.
    private Tensor Move(Tensor from, bool packs, BackwardFailures failures)
    {
        if (!IsOnTape(from) || !RowPlaces.CanCopy(from))
        {
            return Moved(from, packs);
        }

        Tensor to;
        using (no_grad())
        {
            to = Moved(from, packs);
        }

        return NodeFunction.Run(to, (_, gradient, _) => [Moved(gradient, !packs)], failures, [from]);
    }

    // What has to be on the tape, and what is on another device or of another type, is moved by libtorch, which takes longer.
    private Tensor Moved(Tensor from, bool packs)
    {
        if (!IsOnTape(from) && RowPlaces.CanCopy(from))
        {
            return _rows.Copy(from, packs);
        }

        var places = tensor(_rows.Places(), device: from.device); // [N]
        if (packs)
        {
            return from.flatten(0, 1).index_select(0, places);
        }

        var padded = _rows.PaddedAxes;
        return zeros([padded[0] * padded[1], from.size(1)], dtype: from.dtype, device: from.device).index_copy_(0, places, from).view([.. padded, from.size(1)]);
    }

    private static bool IsOnTape(Tensor tensor) => is_grad_enabled() && tensor.requires_grad;

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
