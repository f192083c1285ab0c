using System.Buffers.Binary;
using System.IO.Compression;

namespace RnnZoo.Tests.Tasks;

/// <summary>IDX files of random images, as small as tests like them: 11 x 17 pixels.</summary>
internal static class TinyImages
{
    public const int Rows = 11;
    public const int Columns = 17;
    public const int Pixels = Rows * Columns;
    public const int Training = 13;
    public const int Test = 301; // more than one batch of a measurement

    public static string Write(string folder, bool packed = false)
    {
        Directory.CreateDirectory(folder);
        foreach (var (part, count) in new[] { ("train", Training), ("t10k", Test) })
        {
            var random = new Random(count);
            var images = new byte[count * Pixels];
            random.NextBytes(images);
            WriteFile(Path.Combine(folder, $"{part}-images-idx3-ubyte"), Idx(images, count, Rows, Columns), packed);
            WriteFile(Path.Combine(folder, $"{part}-labels-idx1-ubyte"), Idx([.. Enumerable.Range(0, count).Select(image => (byte)(image * 7 % 10))], count), packed);
        }

        return folder;
    }

    public static byte[] Idx(byte[] elements, params int[] shape)
    {
        var head = new byte[4 + (4 * shape.Length)];
        (head[2], head[3]) = (8, (byte)shape.Length);
        for (var axis = 0; axis < shape.Length; axis++)
        {
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4 + (4 * axis)), shape[axis]);
        }

        return [.. head, .. elements];
    }

    private static void WriteFile(string path, byte[] content, bool packed)
    {
        using Stream file = packed ? new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest) : File.Create(path);
        file.Write(content);
    }
}
