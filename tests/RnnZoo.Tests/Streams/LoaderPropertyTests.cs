using FsCheck;
using FsCheck.Fluent;
using RnnZoo.Streams;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

/// <summary>What holds for any number of tokens, documents, streams and any chunk length.</summary>
public class LoaderPropertyTests
{
    public sealed record Case(int Tokens, int Streams, int ChunkLength, int? GradientLength, int[] Documents, bool DropLast, bool Random, long Seed)
    {
        public TokenStreams Source() => new(SampleStreams.Counting(Tokens), Streams, [.. new[] { 0 }.Concat(Documents).Distinct().Order().Select(start => (long)start)]);

        public TruncatedBpttOptions Options(TokenStreams source)
        {
            var length = (int)Math.Min(ChunkLength, source.Steps);
            return new TruncatedBpttOptions
            {
                ChunkLength = length,
                GradientLength = Random ? null : GradientLength,
                DropLast = DropLast,
                RandomLength = Random ? new RandomChunkLength { Minimum = Math.Min(2, length), Seed = Seed } : null,
            };
        }
    }

    private static readonly Arbitrary<Case> Cases = (
        from tokens in Gen.Choose(2, 300)
        from streams in Gen.Choose(1, Math.Max(1, tokens / 8))
        from length in Gen.Choose(1, 40)
        from gradientLength in Gen.OneOf(Gen.Constant((int?)null), Gen.Choose(1, 60).Select(value => (int?)value))
        from count in Gen.Choose(0, 4)
        from documents in Gen.Choose(0, tokens - 1).ArrayOf(count)
        from dropLast in Gen.Elements(true, false)
        from random in Gen.Elements(true, false)
        from seed in Gen.Choose(0, 1000)
        select new Case(tokens, streams, length, gradientLength, documents, dropLast, random, seed)).ToArbitrary();

    [Fact]
    public void Chunks_RejoinToTheStreams() => Holds(test =>
    {
        using var scope = NewDisposeScope();
        if (Pairs(test) < test.Streams)
        {
            return; // too few tokens: a test of its own
        }

        var source = test.Source();
        var options = test.Options(source);
        using var loader = new TruncatedBpttLoader(source, options);
        var steps = 0L;
        foreach (var chunk in loader)
        {
            chunk.Run(SampleStreams.Echo);
            var whole = source.Read(chunk.Start, chunk.Input.shape[0]); // [k, B]
            Assert.Equal(SampleStreams.Numbers(whole.Input), SampleStreams.Numbers(chunk.Input));
            Assert.Equal(SampleStreams.Numbers(whole.Target), SampleStreams.Numbers(chunk.Target));
            Assert.True(chunk.Start == steps || (chunk.Start > steps && options.GradientLength < options.ChunkLength)); // whose chunks leave steps out
            steps = chunk.Start + chunk.Input.shape[0];
        }

        Assert.True(options.DropLast ? steps > 0 && steps <= source.Steps : steps == source.Steps);
        Assert.True(options.RandomLength is not null || source.Steps - steps < options.ChunkLength);
        Assert.Equal(1, loader.Epoch);
    });

    [Fact]
    public void Streams_JoinedBackToBack_AreEveryPairOfEveryDocument() => Holds(test =>
    {
        using var scope = NewDisposeScope();
        if (Pairs(test) < test.Streams)
        {
            Assert.Throws<ArgumentException>(test.Source);
            return;
        }

        var source = test.Source();
        var (input, target) = source.Read(0, source.Steps);
        var expected = Enumerable.Range(0, test.Tokens - 1).Where(token => !test.Documents.Contains(token + 1)).Take((int)(source.Steps * test.Streams)).Select(token => (long)token).ToArray();
        Assert.Equal(expected, SampleStreams.Numbers(input.t()));
        Assert.Equal(expected.Select(token => token + 1), SampleStreams.Numbers(target.t()));
        Assert.True(Pairs(test) - expected.Length < test.Streams);
    });

    [Fact]
    public void DocumentStarts_AreWhereTheTokensSaySo() => Holds(test =>
    {
        using var scope = NewDisposeScope();
        if (Pairs(test) < test.Streams)
        {
            return;
        }

        var source = test.Source();
        var input = source.Read(0, source.Steps).Input; // [T, B]
        var found = new List<DocumentStart>();
        for (var step = 0L; step < source.Steps; step += test.ChunkLength)
        {
            source.FindDocumentStarts(step, Math.Min(test.ChunkLength, source.Steps - step), found);
        }

        var ids = SampleStreams.Numbers(input);
        var expected = Enumerable.Range(0, ids.Length)
            .Where(place => test.Documents.Append(0).Any(start => ids[place] == start))
            .Select(place => new DocumentStart(place / test.Streams, place % test.Streams));
        Assert.Equal(expected.Where(start => start.Step > 0), Sorted(found).Where(start => start.Step > 0)); // step 0 need not be given
        Assert.Equal(found.Select(start => start.Step).Order(), found.Select(start => start.Step));
    });

    [Fact]
    public void State_AtEveryChunk_CountsExactlyTheStepsOfItsDocument() => Holds(test =>
    {
        using var scope = NewDisposeScope();
        if (Pairs(test) < test.Streams)
        {
            return;
        }

        // A net that counts its steps: the output of a step is how many steps its document had before in this stream.
        var source = test.Source();
        using var loader = new TruncatedBpttLoader(source, test.Options(source));
        var starts = new List<DocumentStart>();
        source.FindDocumentStarts(0, source.Steps, starts);
        foreach (var chunk in loader)
        {
            var output = chunk.Run((input, state) =>
            {
                var before = state?.Hidden ?? zeros(test.Streams, 1, dtype: ScalarType.Int64); // [B, 1]
                var counts = arange(input.shape[0], dtype: ScalarType.Int64).unsqueeze(1).add(before.t()); // [T, B]
                return new(counts, new(before.add(input.shape[0])));
            });
            var counted = SampleStreams.Numbers(output);
            for (var (row, step) = (0, chunk.Start); row < output.shape[0]; row++, step++)
            {
                for (var stream = 0; stream < test.Streams; stream++)
                {
                    var document = starts.LastOrDefault(start => start.Stream == stream && start.Step <= step).Step;
                    Assert.Equal(step - document, counted[(row * test.Streams) + stream]);
                }
            }
        }
    });

    private static void Holds(Action<Case> property) =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(150).WithReplay(1, 3), Prop.ForAll(Cases, property));

    private static IEnumerable<DocumentStart> Sorted(IEnumerable<DocumentStart> starts) => starts.OrderBy(start => start.Step).ThenBy(start => start.Stream);

    private static int Pairs(Case test)
    {
        int[] borders = [.. new[] { 0 }.Concat(test.Documents).Append(test.Tokens).Distinct().Order()];
        return borders.Zip(borders.Skip(1), (first, end) => end - first - 1).Sum();
    }
}
