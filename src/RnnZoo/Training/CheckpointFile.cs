using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RnnZoo.Files;

namespace RnnZoo.Training;

/// <summary>
/// A file of named parts that knows whether it is whole. It holds: the 8 letters <c>RNNZOOC1</c>; the length of the parts in
/// bytes (int64, little-endian); the parts, each as name, length and bytes; and the SHA-256 of everything before.
/// </summary>
public static class CheckpointFile
{
    private const int HeaderSize = 16;

    private static ReadOnlySpan<byte> Magic => "RNNZOOC1"u8;

    /// <summary>Writes a file, through to the disk, and gives it its name only when it is whole.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="parts">The parts by name.</param>
    /// <exception cref="IOException">The file cannot be written, as on a full disk; an older one is left as it was.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, byte[]> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var bytes = Pack(parts);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(bytes);
            stream.Write(SHA256.HashData(bytes));
            (stream as FileStream)?.Flush(flushToDisk: true);
        });
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The parts by name.</returns>
    /// <exception cref="InvalidDataException">It is no such file, was cut short, or any bit of it has changed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Dictionary<string, byte[]> Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < HeaderSize || !bytes.AsSpan().StartsWith(Magic))
        {
            throw new InvalidDataException($"{path}: expected a checkpoint, which begins with {Encoding.ASCII.GetString(Magic)} and a length, got {bytes.Length} bytes that do not.");
        }

        var length = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(Magic.Length));
        var expected = HeaderSize + length + SHA256.HashSizeInBytes;
        if (length < 0 || bytes.Length != expected)
        {
            throw new InvalidDataException($"{path}: expected a checkpoint of {expected} bytes, got {bytes.Length}; it was cut short or damaged.");
        }

        var content = bytes.AsSpan(0, HeaderSize + (int)length);
        if (!SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(content.Length)))
        {
            throw new InvalidDataException($"{path}: expected a checkpoint that fits its own SHA-256, got one that was changed since it was written; it is damaged.");
        }

        return Unpack(bytes, HeaderSize + (int)length);
    }

    private static byte[] Pack(IReadOnlyDictionary<string, byte[]> parts)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Magic);
        writer.Write(0L);
        writer.Write(parts.Count);
        foreach (var (name, part) in parts)
        {
            writer.Write(name);
            writer.Write(part.Length);
            writer.Write(part);
        }

        writer.Flush();
        var bytes = stream.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Magic.Length), bytes.Length - HeaderSize);
        return bytes;
    }

    private static Dictionary<string, byte[]> Unpack(byte[] bytes, int end)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes, HeaderSize, end - HeaderSize));
        var parts = new Dictionary<string, byte[]>();
        for (var count = reader.ReadInt32(); count > 0; count--)
        {
            var name = reader.ReadString();
            parts[name] = reader.ReadBytes(reader.ReadInt32());
        }

        return parts;
    }
}
