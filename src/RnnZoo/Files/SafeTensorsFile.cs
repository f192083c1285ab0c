using System.Buffers.Binary;
using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>
/// A safetensors file, open for reading: names, types, shapes and metadata are known at once, the tensors are read one by
/// one on request. The file may come from anywhere: one that breaks the format in any way is refused on opening, without
/// taking more memory than a small multiple of the file's own header.
/// </summary>
/// <remarks>
/// The format: 8 bytes with the header's length N (unsigned, little-endian); N bytes of JSON,
/// <c>{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"key": "text"}}</c>; and the
/// elements, little-endian and row-major, without gap or overlap. Source: huggingface/safetensors, README.
/// One instance serves one thread at a time.
/// </remarks>
public sealed class SafeTensorsFile : IDisposable
{
    private const int LengthSize = 8;

    private readonly Stream _stream;
    private readonly string _name;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafeTensorEntry> _byName;

    private SafeTensorsFile(Stream stream, string name)
    {
        (_stream, _name) = (stream, name);
        var origin = stream.Position;
        var length = stream.Length - origin;
        var header = ReadHeader(stream, name, length);
        _dataStart = origin + LengthSize + header.Length;
        var (entries, metadata) = new SafeTensorsHeader(name).Read(header, length - LengthSize - header.Length);
        (Entries, Metadata) = (entries.AsReadOnly(), metadata.AsReadOnly());
        _byName = entries.ToDictionary(entry => entry.Name);
    }

    /// <summary>The tensors in the order in which the header names them.</summary>
    public IReadOnlyList<SafeTensorEntry> Entries { get; }

    /// <summary>The file's own notes; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The file; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">It breaks the format; the message says where and how.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SafeTensorsFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1), path);
    }

    /// <summary>Opens what a stream holds from its position to its end.</summary>
    /// <param name="stream">A stream that can seek. It is closed with the file, and when the file is refused.</param>
    /// <param name="name">What messages call it.</param>
    /// <returns>The file; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">It breaks the format; the message says where and how.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static SafeTensorsFile Open(Stream stream, string name = "stream")
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanSeek)
        {
            throw new ArgumentException("stream: expected one that can seek, got one that cannot; copy it into memory first.", nameof(stream));
        }

        try
        {
            return new SafeTensorsFile(stream, name);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is a tensor of a name.</summary>
    /// <param name="name">The name.</param>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Reads one tensor, and nothing else of the file.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The tensor, in the file's own type and shape, on the CPU.</returns>
    /// <exception cref="KeyNotFoundException">There is none of that name.</exception>
    /// <exception cref="InvalidDataException">TorchSharp lacks its type, the file was cut short since it was opened, or truth values are not 0 or 1.</exception>
    public Tensor Read(string name)
    {
        var entry = _byName.TryGetValue(name, out var found)
            ? found
            : throw new KeyNotFoundException($"{_name}: expected a tensor '{name}', found {(Entries.Count == 0 ? "none at all" : string.Join(", ", Entries.Take(8).Select(known => Printable.Of(known.Name))))}.");
        var type = entry.Type ?? throw new InvalidDataException($"{_name}: {Printable.Of(name)}: dtype: expected one that TorchSharp has too ({SafeTensorTypes.Names}), got '{entry.DType}'; the file's other tensors can be read, this one has to be converted where it was made.");
        _stream.Position = _dataStart + entry.Begin;
        return TensorBytes.Read(_stream, type, entry.Shape, $"{_name}: {Printable.Of(name)}");
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    /// <summary>The header's bytes: never more than the file has.</summary>
    private static byte[] ReadHeader(Stream stream, string name, long length)
    {
        Span<byte> prefix = stackalloc byte[LengthSize];
        if (length < LengthSize)
        {
            throw new InvalidDataException($"{name}: expected a safetensors file, which begins with 8 bytes for the length of its header, got {length} bytes in all.");
        }

        stream.ReadExactly(prefix);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > SafeTensorsHeader.LongestHeader || headerLength > (ulong)(length - LengthSize))
        {
            throw new InvalidDataException($"{name}: expected a header of at most {Math.Min(SafeTensorsHeader.LongestHeader, length - LengthSize)} bytes, got a length of {headerLength}; this is no safetensors file, or it was cut short.");
        }

        var header = new byte[headerLength];
        stream.ReadExactly(header);
        return header;
    }
}

/// <summary>What a safetensors file says of one of its tensors.</summary>
/// <param name="Name">Its name; PyTorch's key, as in <c>recurrent.weight_ih_l0</c>.</param>
/// <param name="DType">Its element type, as safetensors calls it: <c>F32</c>.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Begin">Where its bytes begin, counted from the end of the header.</param>
/// <param name="End">Where they end, exclusive.</param>
public sealed record SafeTensorEntry(string Name, string DType, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Its element type; null if TorchSharp has none such, and the tensor cannot be read.</summary>
    public ScalarType? Type => SafeTensorTypes.Parse(DType);
}
