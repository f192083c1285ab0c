using System.Text;
using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>
/// Reads a state dict as TorchSharp's <c>module.save</c> writes it. The format has neither a magic number nor a checksum, and
/// TorchSharp's own reader takes memory for whatever sizes a file states: here a type, a rank and a shape are checked against
/// the bytes that are left before anything is made of them, so a file takes no more memory than it has bytes.
/// </summary>
/// <remarks>
/// The format: the number of entries; for each the bytes of its name, its name in UTF-8, the number of its element type, its
/// rank, its sizes, its elements, little-endian and row-major. All numbers before the elements are unsigned LEB128.
/// </remarks>
internal static class TorchSharpFile
{
    private const long MostEntries = 10_000;
    private const long LongestName = 10_000;
    private const long MostDimensions = 64;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads all entries of a file.</summary>
    /// <returns>The tensors by name; the caller's dispose scope owns them.</returns>
    /// <exception cref="InvalidDataException">It is no such file, or damaged; the message says what was found.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Dictionary<string, Tensor> Load(string path)
    {
        using var file = File.OpenRead(path);
        return Load(file, path);
    }

    /// <summary>The same of a stream that can seek, from its position to its end, which messages call by a name.</summary>
    public static Dictionary<string, Tensor> Load(Stream stream, string name)
    {
        using var scope = NewDisposeScope();
        using var reader = new BinaryReader(stream, Strict, leaveOpen: true);
        try
        {
            RefusePyTorch(stream, name);
            var count = Number(reader, "entries", least: 1, MostEntries);
            var entries = new Dictionary<string, Tensor>();
            for (var index = 0L; index < count; index++)
            {
                var key = Strict.GetString(reader.ReadBytes((int)Number(reader, "bytes of a name", least: 0, Math.Min(LongestName, Left(stream)))));
                if (!entries.TryAdd(key, Tensor(reader, $"{name}: {Printable.Of(key)}")))
                {
                    throw new FormatException($"'{Printable.Of(key)}' twice");
                }
            }

            return Left(stream) == 0
                ? entries.ToDictionary(entry => entry.Key, entry => entry.Value.MoveToOuterDisposeScope())
                : throw new FormatException($"{Left(stream)} bytes more than its {count} entries take");
        }
        catch (Exception problem) when (problem is EndOfStreamException or FormatException or DecoderFallbackException)
        {
            var got = problem is EndOfStreamException ? "a file that ends too soon" : problem is DecoderFallbackException ? "a name that is no UTF-8" : problem.Message;
            throw new InvalidDataException($"{name}: expected a state dict of TorchSharp's format, got {got}; it is of something else, or damaged.", problem);
        }
    }

    private static Tensor Tensor(BinaryReader reader, string what)
    {
        var type = Number(reader, "as the number of an element type", least: 0, sbyte.MaxValue);
        var size = SafeTensorTypes.SizeOf((ScalarType)type);
        if (size == 0)
        {
            throw new FormatException($"{type} as the number of an element type, which is that of none of {SafeTensorTypes.Names}");
        }

        var shape = new long[Number(reader, "dimensions", least: 0, MostDimensions)];
        for (var axis = 0; axis < shape.Length; axis++)
        {
            shape[axis] = Number(reader, "as a size", least: 0, long.MaxValue);
        }

        var left = Left(reader.BaseStream);
        return TensorBytes.BitsOf(8 * size, shape) is { } bits && (shape.Contains(0) || bits / 8 <= (ulong)left)
            ? TensorBytes.Read(reader.BaseStream, (ScalarType)type, shape, what)
            : throw new FormatException($"the shape {RnnZoo.Check.Show(shape)} of {SafeTensorTypes.NameOf((ScalarType)type)}, for which {left} bytes are left");
    }

    private static long Number(BinaryReader reader, string what, long least, long most) => reader.Read7BitEncodedInt64() is var number && number >= least && number <= most
        ? number
        : throw new FormatException($"{(ulong)number} {what}");

    private static long Left(Stream stream) => stream.Length - stream.Position;

    private static void RefusePyTorch(Stream stream, string name)
    {
        var (start, origin) = (new byte[4], stream.Position);
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read == start.Length && start is [(byte)'P', (byte)'K', 3, 4] or [0x80, 2 or 3 or 4 or 5, 0x8A or 0x95, _])
        {
            throw new InvalidDataException($"{name}: expected safetensors, or a state dict of TorchSharp's format, got a file of PyTorch's own (torch.save); convert it first: docs/importing.md says how.");
        }

        stream.Position = origin;
    }
}
