namespace RnnZoo.Streams;

/// <summary>Tokens in memory, in one byte each where the vocabulary allows it, else in two or four.</summary>
internal sealed class CompactTokens : TokenSource
{
    private byte[]? _bytes;
    private ushort[]? _shorts;
    private int[]? _ints;
    private int _count;

    /// <summary>Room for tokens, to be added.</summary>
    /// <param name="capacity">How many at most.</param>
    /// <param name="vocabularySize">V.</param>
    public CompactTokens(int capacity, int vocabularySize)
    {
        VocabularySize = vocabularySize;
        switch (vocabularySize)
        {
            case <= byte.MaxValue + 1: _bytes = new byte[capacity]; break;
            case <= ushort.MaxValue + 1: _shorts = new ushort[capacity]; break;
            default: _ints = new int[capacity]; break;
        }
    }

    public override long Count => _count;

    public override int VocabularySize { get; }

    /// <summary>Bytes as they are; the array is not copied.</summary>
    public static CompactTokens OfBytes(byte[] tokens) => new(0, byte.MaxValue + 1) { _bytes = tokens, _count = tokens.Length };

    public static CompactTokens Of(ReadOnlySpan<long> ids, int? vocabularySize)
    {
        var limit = vocabularySize ?? int.MaxValue;
        var largest = -1L;
        for (var position = 0; position < ids.Length; position++)
        {
            if (ids[position] < 0 || ids[position] >= limit)
            {
                throw new ArgumentException($"ids: expected token ids from 0 to {limit - 1}, got {ids[position]} at position {position}.");
            }

            largest = Math.Max(largest, ids[position]);
        }

        var tokens = new CompactTokens(ids.Length, vocabularySize ?? (int)(largest + 1));
        foreach (var id in ids)
        {
            tokens.Add((int)id);
        }

        return tokens;
    }

    /// <summary>Adds a token that is known to be within the vocabulary.</summary>
    public void Add(int id)
    {
        if (_bytes is not null)
        {
            _bytes[_count++] = (byte)id;
        }
        else if (_shorts is not null)
        {
            _shorts[_count++] = (ushort)id;
        }
        else
        {
            _ints![_count++] = id;
        }
    }

    /// <summary>Gives up the room that was not used.</summary>
    public CompactTokens Trim()
    {
        Trim(ref _bytes);
        Trim(ref _shorts);
        Trim(ref _ints);
        return this;
    }

    protected override void ReadCore(long start, Span<long> tokens)
    {
        if (_bytes is not null)
        {
            Widen(_bytes.AsSpan((int)start, tokens.Length), tokens);
        }
        else if (_shorts is not null)
        {
            Widen(_shorts.AsSpan((int)start, tokens.Length), tokens);
        }
        else
        {
            Widen(_ints.AsSpan((int)start, tokens.Length), tokens);
        }
    }

    private static void Widen<T>(ReadOnlySpan<T> narrow, Span<long> tokens)
        where T : System.Numerics.IBinaryInteger<T>
    {
        for (var i = 0; i < narrow.Length; i++)
        {
            tokens[i] = long.CreateTruncating(narrow[i]);
        }
    }

    private void Trim<T>(ref T[]? array)
    {
        if (array is not null)
        {
            Array.Resize(ref array, _count);
        }
    }
}
