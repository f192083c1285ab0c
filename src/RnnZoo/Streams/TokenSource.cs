using RnnZoo.Characters;

namespace RnnZoo.Streams;

/// <summary>A sequence of token ids that can be read from any position, without having to be in memory as a whole.</summary>
/// <remarks>Reading is thread-safe.</remarks>
public abstract class TokenSource : IDisposable
{
    /// <summary>How many tokens there are.</summary>
    public abstract long Count { get; }

    /// <summary>V: one more than the largest id that can occur.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Reads tokens that follow each other.</summary>
    /// <param name="start">The position of the first, from 0.</param>
    /// <param name="tokens">Is filled with the ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many tokens from that position on.</exception>
    public void Read(long start, Span<long> tokens)
    {
        CheckRange(start, tokens.Length);
        ReadCore(start, tokens);
    }

    /// <summary>A part of the tokens, such as a held-out tail. It reads from this source, which must stay open.</summary>
    /// <param name="start">The position of the first token of the part.</param>
    /// <param name="count">How many tokens it has.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many tokens from that position on.</exception>
    public TokenSource Slice(long start, long count)
    {
        CheckRange(start, count);
        return new TokenSlice(this, start, count);
    }

    /// <summary>Tokens from ids; they are copied.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="vocabularySize">V; one more than the largest id if null.</param>
    /// <exception cref="ArgumentException">An id is below 0, or not below V.</exception>
    public static TokenSource FromIds(ReadOnlySpan<long> ids, int? vocabularySize = null) => CompactTokens.Of(ids, vocabularySize);

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vocabulary">The tokens' ids.</param>
    /// <exception cref="ArgumentException">A character is not in the vocabulary; the message names it and its place.</exception>
    public static TokenSource FromText(string text, Vocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        return CompactTokens.Of(vocabulary.Encode(text), vocabulary.Size);
    }

    /// <summary>
    /// The tokens of a text file. A small file is read into memory, a token in one byte or two; a large one stays on disk, and
    /// only what is asked for is read.
    /// </summary>
    /// <param name="path">A file: UTF-8, with or without a byte order mark, or anything if the vocabulary is bytes.</param>
    /// <param name="vocabulary">The tokens' ids.</param>
    /// <param name="inMemoryUpTo">How many bytes count as small.</param>
    /// <exception cref="InvalidDataException">
    /// The file is no valid UTF-8, has a character outside the vocabulary, or fewer than two tokens; the message names the place.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TokenSource FromFile(string path, Vocabulary vocabulary, long inMemoryUpTo = 64 << 20) => TextTokens.FromFile(path, vocabulary, inMemoryUpTo);

    /// <summary>Frees what the source holds open.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Reads tokens; the range is checked already.</summary>
    /// <param name="start">The position of the first.</param>
    /// <param name="tokens">Is filled with the ids.</param>
    protected abstract void ReadCore(long start, Span<long> tokens);

    /// <summary>Frees what the source holds open.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    private void CheckRange(long start, long count)
    {
        if (start < 0 || count < 0 || start > Count - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), start, $"start: expected a range within the {Count} tokens, got {count} from position {start}.");
        }
    }
}
