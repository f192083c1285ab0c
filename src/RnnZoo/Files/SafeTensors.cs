using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>Writes and reads whole safetensors files; <see cref="SafeTensorsFile"/> reads single tensors of one.</summary>
public static class SafeTensors
{
    private const int Alignment = 8;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes a file, one tensor after the other, and gives it its name only when it is whole. The header keeps the order
    /// of the tensors; in the data, types with larger elements come first, so that every tensor is aligned.
    /// </summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="tensors">The tensors by name; on any device, contiguous or not.</param>
    /// <param name="metadata">Notes for the header; none if null.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is <c>__metadata__</c>, or safetensors has no such element type; the message names the tensor.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var (header, data) = Prepare(tensors, metadata);
        AtomicFile.Write(path, stream => Write(stream, header, data));
    }

    /// <summary>Writes to a stream; otherwise as <see cref="Save(string, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?)"/>.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <param name="tensors">The tensors by name.</param>
    /// <param name="metadata">Notes for the header; none if null.</param>
    /// <exception cref="ArgumentException">As above; nothing is written then.</exception>
    public static void Save(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var (header, data) = Prepare(tensors, metadata);
        Write(stream, header, data);
    }

    /// <summary>Reads all tensors of a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The tensors by name, in the header's order; the caller's dispose scope owns them.</returns>
    /// <exception cref="InvalidDataException">It breaks the format; the message says where and how.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Dictionary<string, Tensor> Load(string path)
    {
        using var file = SafeTensorsFile.Open(path);
        using var scope = NewDisposeScope();
        var tensors = file.Entries.ToDictionary(entry => entry.Name, entry => file.Read(entry.Name));
        return tensors.ToDictionary(pair => pair.Key, pair => pair.Value.MoveToOuterDisposeScope());
    }

    private static (ReadOnlyMemory<byte> Header, List<Tensor> Data) Prepare(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        KeyValuePair<string, Tensor>[] all = [.. tensors];
        Check(all);
        KeyValuePair<string, Tensor>[] laidOut = [.. all.OrderByDescending(pair => SafeTensorTypes.SizeOf(pair.Value.dtype))]; // keeps the order of equals
        var offsets = new Dictionary<string, (long Begin, long End)>();
        var at = 0L;
        foreach (var (name, tensor) in laidOut)
        {
            var end = at + (tensor.NumberOfElements * SafeTensorTypes.SizeOf(tensor.dtype));
            offsets.Add(name, (at, end));
            at = end;
        }

        return (Header(all, offsets, metadata), [.. laidOut.Select(pair => pair.Value)]);
    }

    private static void Check(KeyValuePair<string, Tensor>[] tensors)
    {
        var names = new HashSet<string>();
        foreach (var (name, tensor) in tensors)
        {
            ArgumentNullException.ThrowIfNull(tensor, name);
            if (name == SafeTensorsHeader.MetadataKey || !names.Add(name))
            {
                throw new ArgumentException($"tensors: expected names that differ, and not {SafeTensorsHeader.MetadataKey}, got '{name}'{(name == SafeTensorsHeader.MetadataKey ? "" : " twice")}.", nameof(tensors));
            }

            if (SafeTensorTypes.NameOf(tensor.dtype) is null)
            {
                throw new ArgumentException($"{name}: expected an element type of {SafeTensorTypes.Names}, got {tensor.dtype}; convert it first.", nameof(tensors));
            }
        }
    }

    /// <returns>The length and the JSON, padded with spaces so that the data begins at a multiple of 8 bytes.</returns>
    private static ReadOnlyMemory<byte> Header(KeyValuePair<string, Tensor>[] tensors, Dictionary<string, (long Begin, long End)> offsets, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(new byte[Alignment]); // the length, once it is known
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            foreach (var (name, tensor) in tensors)
            {
                json.WriteStartObject(WellFormed(name));
                json.WriteString("dtype", SafeTensorTypes.NameOf(tensor.dtype));
                WriteNumbers(json, "shape", tensor.shape);
                WriteNumbers(json, "data_offsets", offsets[name].Begin, offsets[name].End);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.WrittenCount % Alignment != 0)
        {
            buffer.Write(" "u8);
        }

        var bytes = buffer.WrittenSpan.ToArray();
        var length = bytes.Length - Alignment;
        if (length > SafeTensorsHeader.LongestHeader)
        {
            throw new ArgumentException($"tensors: expected names and metadata of at most {SafeTensorsHeader.LongestHeader} bytes, got {length}.", nameof(tensors));
        }

        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        return bytes;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is not { Count: > 0 })
        {
            return;
        }

        json.WriteStartObject(SafeTensorsHeader.MetadataKey);
        foreach (var (name, value) in metadata)
        {
            json.WriteString(WellFormed(name), WellFormed(value));
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, params ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    // JSON has no way to write half of a surrogate pair; replaced, two names could become one.
    private static string WellFormed(string text)
    {
        try
        {
            Strict.GetByteCount(text);
            return text;
        }
        catch (EncoderFallbackException problem)
        {
            throw new ArgumentException($"tensors: expected names and metadata of whole characters, got half of a surrogate pair in '{text}'.", problem);
        }
    }

    private static void Write(Stream stream, ReadOnlyMemory<byte> header, List<Tensor> data)
    {
        stream.Write(header.Span);
        foreach (var tensor in data)
        {
            TensorBytes.Write(tensor, stream);
        }
    }
}

/// <summary>Moves a tensor's elements to and from streams, row by row in memory's order.</summary>
internal static class TensorBytes
{
    private const long LargestPiece = 1 << 28; // a span holds less than 2 GiB

    /// <summary>Writes the elements of any tensor.</summary>
    public static void Write(Tensor tensor, Stream stream)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var dense = tensor.detach().cpu().contiguous();
        foreach (var piece in Pieces(dense))
        {
            stream.Write(piece.bytes);
            piece.Dispose();
        }
    }

    /// <summary>Fills a dense tensor on the CPU.</summary>
    /// <exception cref="EndOfStreamException">The stream ends before.</exception>
    public static void Read(Tensor tensor, Stream stream)
    {
        using var scope = NewDisposeScope();
        foreach (var piece in Pieces(tensor))
        {
            stream.ReadExactly(piece.bytes);
            piece.Dispose();
        }
    }

    /// <summary>Whether every element of a tensor of Bool is 0 or 1: libtorch takes that for granted.</summary>
    public static bool AreTruthValues(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        foreach (var piece in Pieces(tensor))
        {
            if (piece.bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
            {
                return false;
            }

            piece.Dispose();
        }

        return true;
    }

    private static IEnumerable<Tensor> Pieces(Tensor dense)
    {
        var flat = dense.view(-1); // [N]
        var length = LargestPiece / flat.ElementSize;
        for (var start = 0L; start < flat.NumberOfElements; start += length)
        {
            yield return flat.narrow(0, start, Math.Min(length, flat.NumberOfElements - start));
        }
    }
}
