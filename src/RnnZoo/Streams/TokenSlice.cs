namespace RnnZoo.Streams;

/// <summary>A part of another source.</summary>
internal sealed class TokenSlice(TokenSource whole, long first, long count) : TokenSource
{
    public override long Count => count;

    public override int VocabularySize => whole.VocabularySize;

    protected override void ReadCore(long start, Span<long> tokens) => whole.Read(first + start, tokens);
}
