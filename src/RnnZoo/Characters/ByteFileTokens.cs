using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RnnZoo.Streams;

namespace RnnZoo.Characters;

/// <summary>The bytes of a file that stays on disk.</summary>
/// <remarks>Read, not mapped: a mapped file that another process cuts short ends ours.</remarks>
internal sealed class ByteFileTokens(SafeFileHandle file, string path) : TokenSource
{
    public override long Count { get; } = RandomAccess.GetLength(file);

    public override int VocabularySize => byte.MaxValue + 1;

    protected override void ReadCore(long start, Span<long> tokens)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(tokens.Length);
        var bytes = buffer.AsSpan(0, tokens.Length);
        var read = FileBytes.Read(file, bytes, start);
        for (var i = 0; i < read; i++)
        {
            tokens[i] = bytes[i];
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (read < tokens.Length)
        {
            throw new InvalidDataException($"{path}: expected {Count} bytes as when it was opened, got {start + read}; it was cut short since.");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }
    }
}
