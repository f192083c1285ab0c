using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RnnZoo.Streams;

namespace RnnZoo.Characters;

/// <summary>
/// The characters of a file that stays on disk. It is validated once; of every 512th character the place is kept, so that
/// reading can start anywhere.
/// </summary>
internal sealed class CharacterFileTokens : TokenSource
{
    private const int Spacing = 512;

    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly Vocabulary _vocabulary;
    private readonly List<long> _places = [];
    private readonly long _length;

    public CharacterFileTokens(SafeFileHandle file, string path, Vocabulary vocabulary)
    {
        (_file, _path, _vocabulary) = (file, path, vocabulary);
        var (count, scanner) = (0L, new Utf8Scanner(file, path));
        scanner.Scan((rune, offset) =>
        {
            TextTokens.IdOf(vocabulary, rune, scanner, path);
            if (count++ % Spacing == 0)
            {
                _places.Add(offset);
            }
        });
        Count = count;
        _length = RandomAccess.GetLength(file);
    }

    public override long Count { get; }

    public override int VocabularySize => _vocabulary.Size;

    protected override void ReadCore(long start, Span<long> tokens)
    {
        if (tokens.Length == 0)
        {
            return;
        }

        var (first, last) = ((int)(start / Spacing), (int)((start + tokens.Length - 1) / Spacing) + 1);
        var end = last < _places.Count ? _places[last] : _length;
        var buffer = ArrayPool<byte>.Shared.Rent((int)(end - _places[first]));
        var bytes = buffer.AsSpan(0, (int)(end - _places[first]));
        bytes = bytes[..FileBytes.Read(_file, bytes, _places[first])];
        var found = Decode(bytes, skip: (int)(start % Spacing), tokens);
        ArrayPool<byte>.Shared.Return(buffer);
        if (!found)
        {
            throw new InvalidDataException($"{_path}: expected the text as when it was opened, got another one near byte {_places[first]}; it was changed since.");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }
    }

    private bool Decode(ReadOnlySpan<byte> bytes, int skip, Span<long> tokens)
    {
        for (var position = -skip; position < tokens.Length; position++)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) != OperationStatus.Done || _vocabulary.IdOf(rune.Value) is var id && id < 0)
            {
                return false;
            }

            if (position >= 0)
            {
                tokens[position] = id;
            }

            bytes = bytes[length..];
        }

        return true;
    }
}
