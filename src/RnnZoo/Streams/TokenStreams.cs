using System.Buffers;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// Tokens cut into B contiguous streams. At every step the input is a token and the target is the one after it.
/// </summary>
/// <remarks>
/// <para>Documents of n tokens give n - 1 such pairs each: a pair never reaches from one document into the next. All pairs
/// in order are cut into B runs of T = ⌊pairs / B⌋; the last pairs, fewer than B, are left out. Stream b holds the pairs
/// from b·T to b·T + T - 1, so the streams together are the text.</para>
/// <para>Input and target are int64 [k, B].</para>
/// </remarks>
public sealed class TokenStreams : StreamSource
{
    private readonly Tokens _tokens;
    private readonly long[] _tokenStarts; // of each document with a pair in it
    private readonly long[] _pairStarts;

    /// <summary>Cuts one sequence of tokens, which may hold several documents.</summary>
    /// <param name="tokens">The tokens; they are not copied.</param>
    /// <param name="streams">B.</param>
    /// <param name="documentStarts">The positions of each document's first token, ascending, the first at 0; null for one document.</param>
    /// <exception cref="ArgumentException">There are too few tokens, or the documents' starts are out of order or range.</exception>
    public TokenStreams(Tokens tokens, int streams, IReadOnlyList<long>? documentStarts = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (streams < 1)
        {
            throw new ArgumentException($"streams: expected at least 1, got {streams}.");
        }

        _tokens = tokens;
        Streams = streams;
        (_tokenStarts, _pairStarts, var pairs) = Pairs(documentStarts ?? [0], tokens.Count);
        if (pairs < streams)
        {
            throw new ArgumentException(TooFew(tokens.Count, streams, pairs, documentStarts?.Count ?? 1));
        }

        Steps = pairs / streams;
    }

    /// <summary>Cuts several documents, one after the other.</summary>
    /// <param name="documents">The documents; they are copied.</param>
    /// <param name="streams">B.</param>
    /// <exception cref="ArgumentException">There are too few tokens.</exception>
    public static TokenStreams FromDocuments(IReadOnlyList<Tokens> documents, int streams)
    {
        ArgumentNullException.ThrowIfNull(documents);
        if (documents.Count == 0)
        {
            throw new ArgumentException("documents: expected at least one, got none.");
        }

        Tokens[] parts = [.. documents.Where(document => document.Count > 0).DefaultIfEmpty(documents[0])];
        var starts = new long[parts.Length];
        for (var part = 1; part < parts.Length; part++)
        {
            starts[part] = starts[part - 1] + parts[part - 1].Count;
        }

        return new TokenStreams(Tokens.Join(parts), streams, starts);
    }

    /// <inheritdoc/>
    public override long Streams { get; }

    /// <inheritdoc/>
    public override long Steps { get; }

    /// <summary>V: one more than the largest id that can occur.</summary>
    public int VocabularySize => _tokens.VocabularySize;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The steps are not within T.</exception>
    public override StreamSlice Read(long start, long count)
    {
        CheckRange(start, count);
        var input = empty(count, Streams, dtype: ScalarType.Int64); // [k, B]
        var target = empty(count, Streams, dtype: ScalarType.Int64); // [k, B]
        var buffer = ArrayPool<long>.Shared.Rent((int)count + 1);
        var inputs = MemoryMarshal.Cast<byte, long>(input.bytes);
        var targets = MemoryMarshal.Cast<byte, long>(target.bytes);
        for (var stream = 0; stream < Streams; stream++)
        {
            ReadStream(stream, start, buffer.AsSpan(0, (int)count + 1), inputs, targets);
        }

        ArrayPool<long>.Shared.Return(buffer);
        GC.KeepAlive(input);
        GC.KeepAlive(target);
        return new StreamSlice(input, target);
    }

    /// <inheritdoc/>
    public override void FindDocumentStarts(long start, long count, List<DocumentStart> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        if (_pairStarts.Length == 1)
        {
            return;
        }

        var before = found.Count;
        for (var stream = 0; stream < Streams; stream++)
        {
            var first = (stream * Steps) + start;
            var document = DocumentOf(first);
            for (document += _pairStarts[document] < first ? 1 : 0; document < _pairStarts.Length && _pairStarts[document] < first + count; document++)
            {
                found.Add(new DocumentStart(start + _pairStarts[document] - first, stream));
            }
        }

        found.Sort(before, found.Count - before, Comparer<DocumentStart>.Create((left, right) => left.Step.CompareTo(right.Step)));
    }

    private int DocumentOf(long pair)
    {
        var place = Array.BinarySearch(_pairStarts, pair);
        return place >= 0 ? place : ~place - 1;
    }

    // The pairs of one stream, written down its column, document by document.
    private void ReadStream(int stream, long start, Span<long> buffer, Span<long> inputs, Span<long> targets)
    {
        var width = (int)Streams;
        var pair = (stream * Steps) + start;
        var (row, rows) = (0, buffer.Length - 1);
        for (var document = DocumentOf(pair); row < rows; document++)
        {
            var end = document + 1 < _pairStarts.Length ? _pairStarts[document + 1] : long.MaxValue;
            var length = (int)Math.Min(rows - row, end - pair);
            var tokens = buffer[..(length + 1)];
            _tokens.Read(_tokenStarts[document] + pair - _pairStarts[document], tokens);
            for (var i = 0; i < length; i++)
            {
                inputs[((row + i) * width) + stream] = tokens[i];
                targets[((row + i) * width) + stream] = tokens[i + 1];
            }

            (row, pair) = (row + length, pair + length);
        }
    }

    private static (long[] TokenStarts, long[] PairStarts, long Pairs) Pairs(IReadOnlyList<long> starts, long tokens)
    {
        var (tokenStarts, pairStarts, pairs) = (new List<long>(), new List<long>(), 0L);
        for (var document = 0; document < starts.Count; document++)
        {
            var (first, end) = (starts[document], document + 1 < starts.Count ? starts[document + 1] : tokens);
            if ((document == 0 && first != 0) || first > end || (document > 0 && first == end))
            {
                throw new ArgumentException($"documentStarts: expected ascending positions from 0 to {tokens - 1}, the first one 0, got {first} as number {document + 1}.");
            }

            if (end - first > 1)
            {
                tokenStarts.Add(first);
                pairStarts.Add(pairs);
                pairs += end - first - 1;
            }
        }

        return ([.. tokenStarts], [.. pairStarts], pairs);
    }

    private static string TooFew(long tokens, int streams, long pairs, int documents)
    {
        if (tokens < 2)
        {
            return $"tokens: expected at least 2, an input and the target after it, got {tokens}.";
        }

        var lost = documents > 1 ? $" ({documents} documents, whose last tokens have no target)" : "";
        return $"streams: expected at most {pairs}, one for each of the pairs that {tokens} tokens{lost} give, got {streams}; use fewer streams or more text.";
    }
}
