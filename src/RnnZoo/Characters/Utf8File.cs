using System.Buffers;
using System.Text;

namespace RnnZoo.Characters;

/// <summary>Reads a file of UTF-8 from its start, block by block, and says where it is not valid.</summary>
internal sealed class Utf8File(string path)
{
    private const int BlockSize = 1 << 16;

    private long _offset; // of the next character, in the file
    private long _line = 1;
    private long _column = 1;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The character under way, for messages.</summary>
    public string Place => $"at byte {_offset} (line {_line}, column {_column})";

    /// <summary>Visits every character. A byte order mark at the start is none.</summary>
    /// <exception cref="InvalidDataException">A sequence of bytes is no valid UTF-8.</exception>
    public void Scan(Action<int> visit)
    {
        using var file = File.OpenRead(path);
        var block = new byte[BlockSize];
        var kept = 0;
        while (true)
        {
            var read = file.Read(block.AsSpan(kept));
            var bytes = block.AsSpan(0, kept + read);
            if (_offset == 0 && bytes.StartsWith(ByteOrderMark))
            {
                bytes = bytes[ByteOrderMark.Length..];
                _offset += ByteOrderMark.Length;
            }

            var rest = Visit(bytes, atEnd: read == 0, visit);
            if (read == 0)
            {
                return;
            }

            bytes[^rest..].CopyTo(block);
            kept = rest;
        }
    }

    /// <returns>How many bytes at the end belong to a character that goes on in the next block.</returns>
    private int Visit(ReadOnlySpan<byte> bytes, bool atEnd, Action<int> visit)
    {
        while (bytes.Length > 0)
        {
            var (rune, length) = ((int)bytes[0], 1);
            if (rune >= 0x80)
            {
                var status = Rune.DecodeFromUtf8(bytes, out var decoded, out length);
                if (status == OperationStatus.NeedMoreData && !atEnd)
                {
                    return bytes.Length;
                }

                rune = status == OperationStatus.Done ? decoded.Value : throw Invalid(bytes);
            }

            visit(rune);
            _offset += length;
            bytes = bytes[length..];
            (_line, _column) = rune == '\n' ? (_line + 1, 1) : (_line, _column + 1);
        }

        return 0;
    }

    private InvalidDataException Invalid(ReadOnlySpan<byte> bytes)
    {
        var shown = Convert.ToHexString(bytes[..Math.Min(4, bytes.Length)]);
        return new InvalidDataException($"{path}: expected UTF-8, got the bytes {shown} {Place}; convert the file to UTF-8, or use the byte vocabulary.");
    }
}
