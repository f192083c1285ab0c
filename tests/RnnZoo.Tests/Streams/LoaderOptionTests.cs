using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

/// <summary>Wrong use, and what is said about it.</summary>
public class LoaderOptionTests
{
    public static TheoryData<TruncatedBpttOptions, string> Wrong => new()
    {
        { new() { ChunkLength = 0 }, "ChunkLength: expected at least 1, got 0." },
        { new() { ChunkLength = 24 }, "ChunkLength: expected at most the 23 steps of a stream (2 streams), which is full backpropagation, got 24." },
        { new() { ChunkLength = 5, GradientLength = 0 }, "GradientLength: expected at least 1, or null for the chunk's own length, got 0." },
        { new() { ChunkLength = 5, GradientLength = 4, RandomLength = new() }, "GradientLength: expected null with random lengths, for gradients then reach back to the chunk's start, got 4." },
        { new() { ChunkLength = 5, RandomLength = new() { HalfProbability = 1.5 } }, "RandomLength.HalfProbability: expected from 0 to 1, got 1.5." },
        { new() { ChunkLength = 5, RandomLength = new() { StandardDeviation = double.NaN } }, "RandomLength.StandardDeviation: expected at least 0 and finite, got NaN." },
        { new() { ChunkLength = 5, RandomLength = new() { Minimum = 6 } }, "RandomLength.Minimum: expected from 1 to ChunkLength = 5, got 6." },
        { new() { ChunkLength = 5, UnbiasedEvery = 1, DropLast = true }, "DropLast: expected false with unbiased truncation, for which steps are left out would depend on the cuts, got True." },
        { new() { ChunkLength = 5, UnbiasedEvery = 1, GradientLength = 4 }, "GradientLength: expected null with unbiased truncation, for gradients then reach back to the chunk's start, got 4." },
        { new() { ChunkLength = 5, Online = OnlineGradient.Rtrl, GradientLength = 4 }, "GradientLength: expected null with online gradients, which reach back to the streams' start, got 4." },
        { new() { ChunkLength = 5, Online = OnlineGradient.Rtrl, UnbiasedEvery = 1 }, "UnbiasedEvery: expected null with online gradients, which are not cut, got 1." },
        { new() { ChunkLength = 5, Online = (OnlineGradient)7 }, "Online: expected one of SnAp1, Rtrl, got 7." },
        { new() { ChunkLength = 5, UnbiasedEvery = 5 }, "UnbiasedEvery: expected from 1 to below ChunkLength = 5, where every possible cut would be one, got 5." },
        { new() { ChunkLength = 5, UnbiasedEvery = 0 }, "UnbiasedEvery: expected from 1 to below ChunkLength = 5, where every possible cut would be one, got 0." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Constructor_WrongOption_IsNamed(TruncatedBpttOptions options, string message) =>
        Expect.Message<ArgumentException>(message, () => _ = new TruncatedBpttLoader(new TokenStreams(SampleStreams.Counting(47), 2), options));

    [Fact]
    public void Run_ModelsThatCannotGoOn_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var loader = new TruncatedBpttLoader(new TensorStreams(zeros(7, 2, 3), zeros(7, 2, 1)), new() { ChunkLength = 5 });
        using var batchFirst = new Lstm(3, 4, batchFirst: true);
        using var bothWays = new Lstm(3, 4, bidirectional: true);
        var chunk = loader.First(); // not run: it comes again
        foreach (var again in loader)
        {
            Assert.StartsWith("model: expected one with time first", Assert.Throws<ArgumentException>(() => again.Run(batchFirst)).Message);
            Assert.StartsWith("model: expected one that reads forwards", Assert.Throws<ArgumentException>(() => again.Run(bothWays)).Message);
            Expect.Message<InvalidOperationException>("net: expected an output [T, B, …] with T = 5, and a state, got [4, 2, 3].", () => again.Run((x, _) => new RecurrentResult(x.narrow(0, 0, 4), new(zeros(2, 1)))));
            Expect.Message<InvalidOperationException>("net: expected an output [T, B, …] with T = 5, and a state, got null.", () => again.Run((x, _) => new RecurrentResult(x, null!)));
            Expect.Message<InvalidOperationException>("state: expected part 1 as [.., B, S] with the 2 streams as B, got [5, 3]; return the net's whole final state, in that order.", () => again.Run((x, _) => new RecurrentResult(x, new(zeros(2, 1), zeros(5, 3)))));
            break;
        }

        Assert.Equal(0, chunk.Start);
        Assert.Equal(0, loader.Position().Step);
    }

    [Fact]
    public void Run_StateThatChangesItsShape_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var loader = new TruncatedBpttLoader(new TensorStreams(zeros(9, 2, 3), zeros(9, 2, 1)), new() { ChunkLength = 3 });
        foreach (var chunk in loader)
        {
            if (chunk.Start == 0)
            {
                chunk.Carry(zeros(2, 1), zeros(2, 5));
                continue;
            }

            Expect.Message<InvalidOperationException>("state: expected parts [2, 1] and [2, 5] as the chunk started from, got [2, 1].", () => chunk.Carry(zeros(2, 1)));
            break;
        }
    }

    [Fact]
    public void Source_ThatReturnsAnotherShape_IsNamed()
    {
        using var scope = NewDisposeScope();
        using var loader = new TruncatedBpttLoader(new WrongSource(), new() { ChunkLength = 4 });
        var live = Expect.LiveTensors;
        Expect.Message<InvalidOperationException>("WrongSource.Read: Target: expected [T, B, …] with T = 4 and B = 2, got [4, 3].", () => loader.First());
        Assert.Equal(live, Expect.LiveTensors);
    }

    [Fact]
    public void TensorStreams_WrongShapes_AreNamed()
    {
        using var scope = NewDisposeScope();
        Expect.Message<ArgumentException>("input: expected [T, B, …] with T and B above 0, got [7].", () => _ = new TensorStreams(zeros(7), zeros(7)));
        Expect.Message<ArgumentException>("input: expected [T, B, …] with T and B above 0, got [0, 2].", () => _ = new TensorStreams(zeros(0, 2), zeros(0, 2)));
        Expect.Message<ArgumentException>("target: expected [T, B, …] with T = 7 and B = 2 as the input's, got [2, 7].", () => _ = new TensorStreams(zeros(7, 2), zeros(2, 7)));
        Expect.Message<ArgumentException>("documentStarts: expected [T, B] with T = 7 and B = 2 as the input's, got [7, 2, 1].", () => _ = new TensorStreams(zeros(7, 2), zeros(7, 2), zeros(7, 2, 1)));
        Expect.Message<ArgumentException>("documentStarts: expected dtype Bool, got Float32.", () => _ = new TensorStreams(zeros(7, 2), zeros(7, 2), zeros(7, 2)));
        Expect.Message<ArgumentException>("series: expected [N] or [N, F], got [2, 3, 4].", () => TensorStreams.FromSeries(zeros(2, 3, 4), 1));
        Expect.Message<ArgumentException>("streams: expected from 1 to 6, one for each step of the series that has a next one, got 7.", () => TensorStreams.FromSeries(zeros(7), 7));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TensorStreams_FromSeries_PredictTheNextNumber(int streams)
    {
        using var scope = NewDisposeScope();
        var source = TensorStreams.FromSeries(arange(20.0).view(10, 2), streams);
        var (input, target) = source.Read(1, 2);

        Assert.Equal(9 / streams, source.Steps);
        Assert.Equal([2, streams, 2], input.shape);
        var expected = Enumerable.Range(1, 2).SelectMany(step => Enumerable.Range(0, streams).SelectMany(stream => new[] { 0.0, 1.0 }.Select(part => (2.0 * ((stream * source.Steps) + step)) + part)));
        Assert.Equal(expected, input.to(ScalarType.Float64).contiguous().data<double>().ToArray());
        Assert.Equal(expected.Select(value => value + 2), target.to(ScalarType.Float64).contiguous().data<double>().ToArray());
    }

    private sealed class WrongSource : StreamSource
    {
        public override long Streams => 2;

        public override long Steps => 8;

        public override StreamSlice Read(long start, long count) => new(zeros(count, 2), zeros(count, 3));
    }
}
