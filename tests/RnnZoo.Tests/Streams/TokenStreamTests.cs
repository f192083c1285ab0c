using RnnZoo.Streams;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

public class TokenStreamTests
{
    [Fact]
    public void Read_SeveralStreams_AreContiguousRunsOfTheTokens()
    {
        using var scope = NewDisposeScope();
        var streams = new TokenStreams(SampleStreams.Counting(24), streams: 3); // 23 pairs, 7 in each stream

        var (input, target) = streams.Read(2, 4);

        Assert.Equal(7, streams.Steps);
        Assert.Equal(24, streams.VocabularySize);
        Assert.Equal([4, 3], input.shape);
        Assert.Equal([2, 9, 16, 3, 10, 17, 4, 11, 18, 5, 12, 19], SampleStreams.Numbers(input));
        Assert.Equal([3, 10, 17, 4, 11, 18, 5, 12, 19, 6, 13, 20], SampleStreams.Numbers(target));
    }

    [Fact]
    public void Read_SeveralDocuments_NoPairReachesAcross()
    {
        using var scope = NewDisposeScope();
        Tokens[] documents = [SampleStreams.Counting(4), Tokens.FromIds([50]), Tokens.FromIds([]), Tokens.FromIds([60, 61, 62]), Tokens.FromIds([70, 71])];
        var streams = TokenStreams.FromDocuments(documents, streams: 2); // 3 + 0 + 0 + 2 + 1 = 6 pairs

        var (input, target) = streams.Read(0, 3);
        var starts = new List<DocumentStart>();
        streams.FindDocumentStarts(0, 3, starts);

        Assert.Equal([0, 60, 1, 61, 2, 70], SampleStreams.Numbers(input));
        Assert.Equal([1, 61, 2, 62, 3, 71], SampleStreams.Numbers(target));
        Assert.Equal([new DocumentStart(0, 0), new DocumentStart(0, 1), new DocumentStart(2, 1)], starts);
    }

    [Fact]
    public void FindDocumentStarts_PartOfTheStreams_GivesThatPartInOrderOfSteps()
    {
        // Pairs: 4 + 4 + 4 in 2 streams of 6; documents start at pairs 0, 4 and 8: (0, 0), (4, 0) and (2, 1).
        var streams = new TokenStreams(SampleStreams.Counting(15), streams: 2, documentStarts: [0, 5, 10]);
        var starts = new List<DocumentStart>();

        streams.FindDocumentStarts(1, 4, starts);
        Assert.Equal([new DocumentStart(2, 1), new DocumentStart(4, 0)], starts);

        starts.Clear();
        streams.FindDocumentStarts(3, 1, starts);
        Assert.Empty(starts);
    }

    [Theory]
    [InlineData(0, 1, "tokens: expected at least 2, an input and the target after it, got 0.")]
    [InlineData(1, 1, "tokens: expected at least 2, an input and the target after it, got 1.")]
    [InlineData(7, 7, "streams: expected at most 6, one for each of the pairs that 7 tokens give, got 7; use fewer streams or more text.")]
    [InlineData(7, 0, "streams: expected at least 1, got 0.")]
    public void Constructor_TooFewTokens_SaysWhatIsMissing(int tokens, int streams, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new TokenStreams(SampleStreams.Counting(tokens), streams)).Message);

    [Theory]
    [InlineData(new long[] { 1 }, "got 1 as number 1.")]
    [InlineData(new long[] { 0, 5, 5 }, "got 5 as number 2.")]
    [InlineData(new long[] { 0, 9 }, "got 9 as number 2.")]
    [InlineData(new long[] { 0, 5, 3 }, "got 5 as number 2.")]
    public void Constructor_DocumentStartsOutOfOrder_NamesTheFirstWrongOne(long[] starts, string end) =>
        Assert.Equal(
            "documentStarts: expected ascending positions from 0 to 7, the first one 0, " + end,
            Assert.Throws<ArgumentException>(() => new TokenStreams(SampleStreams.Counting(8), 1, starts)).Message);

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(6, 2)]
    [InlineData(0, 0)]
    public void Read_OutsideTheStreams_Throws(long start, long count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenStreams(SampleStreams.Counting(8), 1).Read(start, count));

    [Fact]
    public void FromIds_AnyVocabularySize_KeepsTheIds()
    {
        foreach (var largest in new long[] { 3, 255, 256, 65_535, 65_536, 1_000_000 })
        {
            var source = Tokens.FromIds([0, largest, 1, largest]);
            var read = new long[3];
            source.Read(1, read);
            Assert.Equal([largest, 1, largest], read);
            Assert.Equal(largest + 1, source.VocabularySize);
        }

        Assert.Equal("ids: expected token ids from 0 to 4, got 5 at position 1.", Assert.Throws<ArgumentException>(() => Tokens.FromIds([4, 5], 5)).Message);
        Assert.Equal("ids: expected token ids from 0 to 2147483646, got -1 at position 0.", Assert.Throws<ArgumentException>(() => Tokens.FromIds([-1])).Message);
    }

    [Fact]
    public void FromDocuments_OfDifferentVocabularies_KeepsTheIds()
    {
        using var scope = NewDisposeScope();
        var streams = TokenStreams.FromDocuments([Tokens.FromIds([1, 2]), Tokens.FromIds([300, 70_000])], 1);
        var slice = streams.Read(0, 2);
        Assert.Equal([1, 300], SampleStreams.Numbers(slice.Input));
        Assert.Equal([2, 70_000], SampleStreams.Numbers(slice.Target));
        Assert.Equal(70_001, streams.VocabularySize);
    }

    [Fact]
    public void Slice_OfASlice_ReadsFromTheWhole()
    {
        var tail = SampleStreams.Counting(20).Slice(10, 10).Slice(3, 5);
        var read = new long[2];
        tail.Read(3, read);
        Assert.Equal([16, 17], read);
        Assert.Throws<ArgumentOutOfRangeException>(() => tail.Read(4, new long[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tail.Slice(0, 6));
    }
}
