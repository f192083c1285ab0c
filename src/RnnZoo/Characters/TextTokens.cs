using Microsoft.Win32.SafeHandles;
using RnnZoo.Streams;

namespace RnnZoo.Characters;

/// <summary>Makes tokens of text files.</summary>
internal static class TextTokens
{
    public static TokenSource FromFile(string path, Vocabulary vocabulary, long inMemoryUpTo)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        var file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        try
        {
            var isLarge = RandomAccess.GetLength(file) > Math.Min(inMemoryUpTo, Array.MaxLength);
            TokenSource tokens = (vocabulary.Kind, isLarge) switch
            {
                (VocabularyKind.Bytes, false) => CompactTokens.OfBytes(ReadAll(file)),
                (VocabularyKind.Bytes, true) => new ByteFileTokens(file, path),
                (_, false) => Encode(file, path, vocabulary),
                _ => new CharacterFileTokens(file, path, vocabulary),
            };
            if (tokens.Count < 2)
            {
                throw new InvalidDataException($"{path}: expected a text of at least 2 {(vocabulary.Kind == VocabularyKind.Bytes ? "bytes" : "characters")}, an input and the target after it, got {tokens.Count}.");
            }

            if (!isLarge)
            {
                file.Dispose();
            }

            return tokens;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A character's id, or an error that names the character and its place.</summary>
    public static int IdOf(Vocabulary vocabulary, int rune, Utf8Scanner scanner, string path) => vocabulary.IdOf(rune) is >= 0 and var id
        ? id
        : throw new InvalidDataException($"{path}: {vocabulary.Missing(rune, scanner.Place)}.");

    private static CompactTokens Encode(SafeFileHandle file, string path, Vocabulary vocabulary)
    {
        var tokens = new CompactTokens((int)RandomAccess.GetLength(file), vocabulary.Size);
        var scanner = new Utf8Scanner(file, path);
        scanner.Scan((rune, _) => tokens.Add(IdOf(vocabulary, rune, scanner, path)));
        return tokens.Trim();
    }

    private static byte[] ReadAll(SafeFileHandle file)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        var length = FileBytes.Read(file, bytes, 0);
        Array.Resize(ref bytes, length);
        return bytes;
    }
}
