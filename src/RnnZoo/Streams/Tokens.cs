using System.Numerics;
using System.Runtime.InteropServices;

namespace RnnZoo.Streams;

/// <summary>
/// A sequence of token ids in memory: in one byte each where the vocabulary has at most 256 tokens, in two where it has at
/// most 65,536, else in four.
/// </summary>
/// <remarks>Reading is thread-safe.</remarks>
public sealed class Tokens
{
    private readonly byte[] _bytes; // a slice has those of the whole
    private readonly long _first;
    private readonly int _width;

    private Tokens(byte[] bytes, long first, long count, int vocabularySize) =>
        (_bytes, _first, _width, Count, VocabularySize) = (bytes, first, WidthOf(vocabularySize), count, vocabularySize);

    /// <summary>How many tokens there are.</summary>
    public long Count { get; }

    /// <summary>V: one more than the largest id that can occur.</summary>
    public int VocabularySize { get; }

    /// <summary>Tokens from ids; they are copied.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="vocabularySize">V; one more than the largest id if null.</param>
    /// <exception cref="ArgumentException">An id is below 0, or not below V.</exception>
    public static Tokens FromIds(ReadOnlySpan<long> ids, int? vocabularySize = null)
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

        var tokens = Zeros(ids.Length, vocabularySize ?? (int)(largest + 1));
        for (var position = 0; position < ids.Length; position++)
        {
            tokens.Set(position, (int)ids[position]);
        }

        return tokens;
    }

    /// <summary>Reads tokens that follow each other.</summary>
    /// <param name="start">The position of the first, from 0.</param>
    /// <param name="ids">Is filled with the ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many tokens from that position on.</exception>
    public void Read(long start, Span<long> ids)
    {
        CheckRange(start, ids.Length);
        var bytes = _bytes.AsSpan((int)(_first + start) * _width, ids.Length * _width);
        switch (_width)
        {
            case 1: Widen(bytes, ids); break;
            case 2: Widen(MemoryMarshal.Cast<byte, ushort>(bytes), ids); break;
            default: Widen(MemoryMarshal.Cast<byte, int>(bytes), ids); break;
        }
    }

    /// <summary>A part of the tokens, such as a held-out tail. It shares their memory.</summary>
    /// <param name="start">The position of the first token of the part.</param>
    /// <param name="count">How many tokens it has.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many tokens from that position on.</exception>
    public Tokens Slice(long start, long count)
    {
        CheckRange(start, count);
        return new Tokens(_bytes, _first + start, count, VocabularySize);
    }

    /// <summary>The bytes of a token.</summary>
    internal static int WidthOf(int vocabularySize) => vocabularySize <= byte.MaxValue + 1 ? 1 : vocabularySize <= ushort.MaxValue + 1 ? 2 : 4;

    /// <summary>Bytes as they are; the array is not copied.</summary>
    internal static Tokens OfBytes(byte[] bytes) => new(bytes, 0, bytes.Length, byte.MaxValue + 1);

    /// <summary>Room for tokens, which <see cref="Set"/> fills.</summary>
    internal static Tokens Zeros(long count, int vocabularySize) => new(new byte[count * WidthOf(vocabularySize)], 0, count, vocabularySize);

    /// <summary>Several sequences, one after the other.</summary>
    internal static Tokens Join(IReadOnlyList<Tokens> parts)
    {
        var all = Zeros(parts.Sum(part => part.Count), parts.Max(part => part.VocabularySize));
        var position = 0;
        foreach (var part in parts)
        {
            var ids = new long[part.Count];
            part.Read(0, ids);
            foreach (var id in ids)
            {
                all.Set(position++, (int)id);
            }
        }

        return all;
    }

    /// <summary>Puts a token that is known to be within the vocabulary in its place.</summary>
    internal void Set(int position, int id)
    {
        switch (_width)
        {
            case 1: _bytes[position] = (byte)id; break;
            case 2: MemoryMarshal.Cast<byte, ushort>(_bytes.AsSpan())[position] = (ushort)id; break;
            default: MemoryMarshal.Cast<byte, int>(_bytes.AsSpan())[position] = id; break;
        }
    }

    private static void Widen<T>(ReadOnlySpan<T> narrow, Span<long> ids)
        where T : IBinaryInteger<T>
    {
        for (var i = 0; i < narrow.Length; i++)
        {
            ids[i] = long.CreateTruncating(narrow[i]);
        }
    }

    private void CheckRange(long start, long count)
    {
        if (start < 0 || count < 0 || start > Count - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), start, $"start: expected a range within the {Count} tokens, got {count} from position {start}.");
        }
    }
}
