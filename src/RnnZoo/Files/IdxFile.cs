using System.Buffers.Binary;
using System.IO.Compression;

namespace RnnZoo.Files;

/// <summary>
/// Reads files in the IDX format, which MNIST and its successors come in: two zero bytes, the type of the elements (8 for
/// bytes, the only one read here), the count of dimensions, each dimension in four bytes, the highest first, and the elements.
/// </summary>
internal static class IdxFile
{
    private const byte Bytes = 8;
    private const int FirstBlock = 1 << 16;
    private const long MostElements = 1 << 30;

    /// <summary>Reads a file of bytes, plain or as <c>.gz</c>; of both, the plain one.</summary>
    /// <param name="folder">Where it is.</param>
    /// <param name="name">Its name without <c>.gz</c>.</param>
    /// <param name="dimensions">How many dimensions it must have.</param>
    /// <returns>The dimensions, and the elements, the last dimension's side by side.</returns>
    /// <exception cref="InvalidDataException">It is missing, or no such file; the message names it.</exception>
    public static (int[] Shape, byte[] Elements) Read(string folder, string name, int dimensions)
    {
        var plain = Path.Combine(folder, name);
        var path = File.Exists(plain) ? plain : plain + ".gz";
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"{plain}: expected an IDX file of this name or with .gz at its end, found neither; name the folder that holds the files.");
        }

        using var file = File.OpenRead(path);
        using var stream = path == plain ? (Stream)file : new GZipStream(file, CompressionMode.Decompress);
        try
        {
            var shape = ReadShape(stream, path, dimensions);
            return (shape, ReadElements(stream, path, shape));
        }
        catch (InvalidDataException problem) when (!problem.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path}: expected gzip data, got damaged data: {problem.Message}", problem);
        }
    }

    private static int[] ReadShape(Stream stream, string path, int dimensions)
    {
        var head = new byte[4 + (4 * dimensions)];
        var length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        byte[] magic = [0, 0, Bytes, (byte)dimensions];
        if (length < head.Length || !head.AsSpan(0, 4).SequenceEqual(magic))
        {
            throw new InvalidDataException($"{path}: expected an IDX file of bytes with {dimensions} dimensions, which begins with {Convert.ToHexString(magic)} and has {head.Length} bytes before the elements, got {length} that begin with {Convert.ToHexString(head, 0, Math.Min(4, length))}.");
        }

        var shape = Enumerable.Range(0, dimensions).Select(axis => BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4 + (4 * axis)))).ToArray();
        var count = shape.Aggregate(1.0, (product, size) => product * size);
        return count is >= 1 and <= MostElements
            ? Array.ConvertAll(shape, size => (int)size)
            : throw new InvalidDataException($"{path}: expected 1 to {MostElements} elements, got dimensions of {string.Join(" x ", shape)}.");
    }

    // The header says how many there are; memory is taken for those that come.
    private static byte[] ReadElements(Stream stream, string path, int[] shape)
    {
        var count = shape.Aggregate((product, size) => product * size);
        var elements = new byte[Math.Min(count, FirstBlock)];
        var length = stream.ReadAtLeast(elements, elements.Length, throwOnEndOfStream: false);
        while (length == elements.Length && length < count)
        {
            Array.Resize(ref elements, (int)Math.Min(count, 2L * length));
            length += stream.ReadAtLeast(elements.AsSpan(length), elements.Length - length, throwOnEndOfStream: false);
        }

        return length == count && stream.ReadByte() < 0
            ? elements
            : throw new InvalidDataException($"{path}: expected {count} elements, as its dimensions of {string.Join(" x ", shape)} say, got {(length < count ? $"{length}; the file was cut short" : "more; something was added to the file")}.");
    }
}
