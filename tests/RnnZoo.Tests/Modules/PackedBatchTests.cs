using System.Runtime.InteropServices;
using RnnZoo.Bptt;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Packing and padding of rows, one by one against TorchSharp's indexing, with gradients of the first and second order.</summary>
public sealed class PackedBatchTests
{
    private static readonly long[] Lengths = [3, 7, 1, 7, 5, 2];
    private const long T = 9; // two more than the longest

    [Theory]
    [InlineData(ScalarType.Float32, false, true)]
    [InlineData(ScalarType.Float64, true, true)]
    [InlineData(ScalarType.Float64, false, false)]
    [InlineData(ScalarType.BFloat16, true, true)]
    public void RowsAndPadding_AreWhereTheyBelong(ScalarType dtype, bool batchFirst, bool contiguous)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(3);
        var failures = new BackwardFailures("test");
        var packed = PackedBatch.Of(tensor(Lengths), T, Lengths.Length, batchFirst)!;
        var values = randn([T, Lengths.Length, 5], generator: random).to(dtype);
        var padded = batchFirst ? values.transpose(0, 1) : values;
        padded = (contiguous ? padded.contiguous() : padded.transpose(0, 2).contiguous().transpose(0, 2)).requires_grad_();
        Assert.Equal(contiguous, padded.is_contiguous());

        var rows = packed.Rows(padded, failures); // [N, 5]
        var (order, at) = (Enumerable.Range(0, Lengths.Length).OrderByDescending(b => Lengths[b]).ToArray(), 0);
        var mask = zeros_like(values);
        for (var t = 0; t < 7; t++)
        {
            foreach (var b in order.Where(b => t < Lengths[b]))
            {
                Assert.True(rows[at++].equal(values[t, b]).all().item<bool>(), $"row {at - 1}");
                mask[t, b] = ones(5, dtype: dtype);
            }
        }

        Assert.Equal(at, rows.shape[0]);
        Assert.Equal(packed.Sizes.Total, rows.shape[0]);
        mask = batchFirst ? mask.transpose(0, 1) : mask;
        var again = packed.Padded(rows, failures);
        Assert.Equal(padded.shape, again.shape);
        Assert.True(again.equal(padded * mask).all().item<bool>());

        // Both ways at once are a product with the mask, so the gradients are known; of a cubic, those of the second order too.
        var loss = again.pow(3).sum();
        var first = autograd.grad([loss], [padded], retain_graph: true, create_graph: true)[0];
        Assert.True(first.equal(3 * padded.pow(2) * mask).all().item<bool>());
        var second = autograd.grad([first.sum()], [padded])[0];
        Assert.True(second.equal(6 * padded * mask).all().item<bool>());
        failures.ThrowIfFailed();
    }

    [Fact]
    public void Ids_ArePacked()
    {
        using var scope = NewDisposeScope();
        var packed = PackedBatch.Of(tensor([2L, 3L]), 3, 2, batchFirst: false)!;
        var ids = tensor(new long[] { 10, 20, 11, 21, 12, 22 }, [3, 2]); // sequence 0: 10, 11, (12); 1: 20, 21, 22
        Assert.Equal([20, 10, 21, 11, 22], packed.Rows(ids, new BackwardFailures("test")).data<long>().ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void LargeBatches_AreCopiedByThreads_AsByIndexing(int threads)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(4);
        var before = get_num_threads();
        try
        {
            set_num_threads(threads);
            const long Steps = 201, Batch = 37, Size = 128; // 3.8 MB
            long[] lengths = [.. Enumerable.Range(0, (int)Batch).Select(b => 1 + (b * 53L % 200))];
            var packed = PackedBatch.Of(tensor(lengths), Steps, Batch, batchFirst: false)!;
            var padded = randn([Steps, Batch, Size], generator: random);
            var isReal = arange(Steps).unsqueeze(1).lt(tensor(lengths).unsqueeze(0)).unsqueeze(2); // [T, B, 1]
            var rows = packed.Rows(padded, new BackwardFailures("test"));
            Assert.Equal(lengths.Sum(), rows.shape[0]);
            Assert.True(packed.Padded(rows, new BackwardFailures("test")).equal(padded.mul(isReal)).all().item<bool>());
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void OtherRowsThanTheSequencesHave_AreRefused()
    {
        using var scope = NewDisposeScope();
        var packed = PackedBatch.Of(tensor(Lengths), T, Lengths.Length, batchFirst: true)!;
        Expect.Message<InvalidOperationException>("rows: expected shape [25] and a row's, got [24, 5].", () => packed.Padded(zeros(24, 5), new BackwardFailures("test")));
        Expect.Message<InvalidOperationException>("rows: expected shape [6, 9] and a row's, got [9, 6, 5].", () => packed.Rows(zeros(9, 6, 5), new BackwardFailures("test")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SecondBackward_IsRefused_AndWritesNothing(bool packs)
    {
        using var scope = NewDisposeScope();
        var (packed, failures) = (PackedBatch.Of(tensor(Lengths), T, Lengths.Length, batchFirst: false)!, new BackwardFailures("test"));
        var from = (packs ? randn(T, Lengths.Length, 5) : randn(Lengths.Sum(), 5)).requires_grad_();
        var loss = (packs ? packed.Rows(from, failures) : packed.Padded(from, failures)).sum();
        loss.backward();
        var gradient = from.grad!.clone();
        Assert.Contains("a second time", Assert.Throws<ExternalException>(() => loss.backward()).Message, StringComparison.Ordinal);
        Assert.True(gradient.equal(from.grad!).all().item<bool>());
    }

    [Fact]
    public void NothingLeaks()
    {
        using var x = randn(T, Lengths.Length, 5).requires_grad_();
        using var lengths = tensor(Lengths);
        var counts = new List<long>();
        for (var pass = 0; pass < 4; pass++)
        {
            using (NewDisposeScope())
            {
                var packed = PackedBatch.Of(lengths, T, Lengths.Length, batchFirst: false)!;
                var failures = new BackwardFailures("test");
                autograd.grad([packed.Padded(packed.Rows(x, failures), failures).pow(2).sum()], [x]);
            }

            counts.Add(Expect.LiveTensors);
        }

        Assert.Equal(counts[1], counts[3]);
    }
}
