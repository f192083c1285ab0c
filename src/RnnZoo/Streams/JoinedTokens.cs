namespace RnnZoo.Streams;

/// <summary>Several sources, one after the other.</summary>
internal sealed class JoinedTokens : TokenSource
{
    private readonly IReadOnlyList<TokenSource> _parts;
    private readonly long[] _starts;

    public JoinedTokens(IReadOnlyList<TokenSource> parts)
    {
        _parts = parts;
        _starts = new long[parts.Count];
        for (var part = 0; part < parts.Count; part++)
        {
            _starts[part] = Count;
            Count += parts[part].Count;
        }

        VocabularySize = parts.Max(part => part.VocabularySize);
    }

    public override long Count { get; }

    public override int VocabularySize { get; }

    /// <summary>Where each part starts.</summary>
    public IReadOnlyList<long> Starts => _starts;

    protected override void ReadCore(long start, Span<long> tokens)
    {
        for (var part = Floor.IndexOf(_starts, start); tokens.Length > 0; part++)
        {
            var offset = start - _starts[part];
            var length = (int)Math.Min(tokens.Length, _parts[part].Count - offset);
            _parts[part].Read(offset, tokens[..length]);
            start += length;
            tokens = tokens[length..];
        }
    }
}
