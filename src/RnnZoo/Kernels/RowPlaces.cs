using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace RnnZoo.Kernels;

/// <summary>Where the rows of a padded batch lie, [T, B] or [B, T] of them, and where those of its sequences lie packed.</summary>
/// <param name="Sizes">The rows of each step; the padded batch may have more steps.</param>
/// <param name="Order">[B]: where each packed sequence stands in the padded batch.</param>
/// <param name="Steps">T of the padded batch.</param>
/// <param name="BatchFirst">Whether it is [B, T].</param>
internal sealed record RowPlaces(BatchSizes Sizes, long[] Order, long Steps, bool BatchFirst)
{
    /// <summary>[B]: which of the packed sequences each one of the padded batch is.</summary>
    public long[] Ranks { get; } = InverseOf(Order);

    /// <summary>The axes of the padded batch.</summary>
    public long[] PaddedAxes => BatchFirst ? [Sizes.Batch, Steps] : [Steps, Sizes.Batch];

    /// <summary>Rows from one step of the padded batch to the next.</summary>
    public long StepStride => BatchFirst ? 1 : Sizes.Batch;

    /// <summary>Rows from one sequence of the padded batch to the next.</summary>
    public long BatchStride => BatchFirst ? Steps : 1;

    /// <summary>Whether <see cref="Copy"/> can read a tensor.</summary>
    public static bool CanCopy(Tensor from) => TensorMemory.Reads(from) || (from.dtype == ScalarType.Int64 && from.device_type == TorchSharp.DeviceType.CPU);

    /// <summary>[N]: where each packed row stands in the padded batch, its axes joined.</summary>
    public long[] Places()
    {
        var places = new long[Sizes.Total];
        for (var (t, row) = (0, 0); t < Sizes.Steps; t++)
        {
            for (var b = 0; b < Sizes[t]; b++)
            {
                places[row++] = (t * StepStride) + (Order[b] * BatchStride);
            }
        }

        return places;
    }

    /// <summary>Packs a padded batch, or pads packed rows with zeros.</summary>
    /// <param name="from">[T, B, ·] or [B, T, ·], or with <paramref name="packs"/> false packed rows [N, ·]; or without the last axis.</param>
    /// <param name="packs">Which of the two.</param>
    public Tensor Copy(Tensor from, bool packs)
    {
        var shape = Check.ShapeOf(from);
        long[] packedAxes = [Sizes.Total];
        var (axes, axesAfter) = packs ? (PaddedAxes, packedAxes) : (packedAxes, PaddedAxes);
        if (!shape.AsSpan().StartsWith(axes))
        {
            throw new InvalidOperationException($"rows: expected shape {Check.Show(axes)} and a row's, got {Check.Show(shape)}.");
        }

        var row = shape[axes.Length..]; // [·] or []
        var to = TensorMemory.Fresh([.. axesAfter, .. row], from.dtype, from.device);
        using var dense = from.contiguous();
        var (source, target) = (TensorMemory.Address(dense), TensorMemory.Address(to));
        var bytes = from.ElementSize * row.Aggregate(1L, (product, size) => product * size);
        var threads = ThreadChoice.ForBytes(bytes * Steps * Sizes.Batch);
        var (packed, padded) = packs ? (target, source) : (source, target);
        WorkerPool.Run(new Copying(this, packed, padded, checked((int)bytes), packs, threads), threads);
        return to;
    }

    // Every part takes each so many-th step: the steps have fewer and fewer rows. Within a step, rows are taken in the order in
    // which they are written: backwards that takes twice as long, where the batch is larger than the caches.
    private sealed unsafe class Copying(RowPlaces rows, nint packed, nint padded, int bytes, bool packs, int parts) : ParallelWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Run(int part)
        {
            var (order, ranks, stepBytes, batchBytes) = (rows.Order, rows.Ranks, (nint)rows.StepStride * bytes, (nint)rows.BatchStride * bytes);
            for (var t = part; t < rows.Steps; t += parts)
            {
                var active = t < rows.Sizes.Steps ? rows.Sizes[t] : 0;
                var step = packed + (active == 0 ? 0 : (nint)rows.Sizes.Start(t) * bytes);
                for (var written = 0; written < (packs ? active : order.Length); written++)
                {
                    nint rank = packs ? written : (nint)ranks[written];
                    nint sequence = packs ? (nint)order[written] : written;
                    var place = new Span<byte>((void*)(padded + (t * stepBytes) + (sequence * batchBytes)), bytes);
                    if (rank >= active)
                    {
                        place.Clear();
                        continue;
                    }

                    var row = new Span<byte>((void*)(step + (rank * bytes)), bytes);
                    (packs ? place : row).CopyTo(packs ? row : place);
                }
            }
        }
    }

    private static long[] InverseOf(long[] order)
    {
        var ranks = new long[order.Length];
        for (var rank = 0; rank < ranks.Length; rank++)
        {
            ranks[order[rank]] = rank;
        }

        return ranks;
    }
}
