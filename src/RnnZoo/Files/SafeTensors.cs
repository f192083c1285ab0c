using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>
/// Writes and reads whole safetensors files, and the state of modules under PyTorch's names; <see cref="SafeTensorsFile"/> reads
/// single tensors of a file.
/// </summary>
public static class SafeTensors
{
    private const int Alignment = 8;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

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

    /// <summary>Writes a module's parameters and buffers.</summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file; one that exists is replaced once the new one is whole.</param>
    /// <param name="metadata">Notes for the header; none if null.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is left as it was.</exception>
    public static void SaveSafeTensors(this nn.Module module, string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        Save(path, module.state_dict(), metadata);
    }

    /// <summary>
    /// Reads a file into a module, one tensor at a time; of tensors that are one the file may have any. Nothing is changed unless all names and shapes fit; element types
    /// may differ and are converted to the module's.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="path">The file.</param>
    /// <param name="strict">Whether the file must have exactly the module's names; if not, those that both have are read.</param>
    /// <returns>The module's names that the file lacks, and the file's that the module lacks; both empty if strict.</returns>
    /// <exception cref="InvalidDataException">The file breaks the format, or a name or shape does not fit; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static (IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected) LoadSafeTensors(this nn.Module module, string path, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(module);
        using var file = SafeTensorsFile.Open(path);
        return module.LoadSafeTensors(file, path, strict);
    }

    internal static (IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected) LoadSafeTensors(this nn.Module module, SafeTensorsFile file, string path, bool strict)
    {
        var own = module.state_dict();
        string[] missing = [.. own.Keys.Where(name => !file.Contains(name))];
        if (missing.Length > 0)
        {
            var read = own.Where(item => file.Contains(item.Key)).Select(item => TensorIdentity.Of(item.Value)).ToHashSet();
            missing = Array.FindAll(missing, name => !read.Contains(TensorIdentity.Of(own[name]))); // of tied tensors a file has one
        }

        string[] unexpected = [.. file.Entries.Select(entry => entry.Name).Where(name => !own.ContainsKey(name))];
        if (strict && missing.Length + unexpected.Length > 0)
        {
            throw new InvalidDataException($"{path}: expected exactly the tensors of {module.GetName()}; missing: {RnnZoo.Check.Some(missing)}; unexpected: {RnnZoo.Check.Some(Array.ConvertAll(unexpected, Printable.Of))}.");
        }

        var shared = file.Entries.Where(entry => own.ContainsKey(entry.Name)).ToArray();
        foreach (var entry in shared)
        {
            if (entry.Type is null)
            {
                throw new InvalidDataException($"{path}: {Printable.Of(entry.Name)}: dtype: expected one that TorchSharp has too ({SafeTensorTypes.Names}), got '{entry.DType}'.");
            }

            if (!entry.Shape.SequenceEqual(own[entry.Name].shape))
            {
                throw new InvalidDataException($"{path}: {Printable.Of(entry.Name)}: expected shape [{string.Join(", ", own[entry.Name].shape)}], got [{string.Join(", ", entry.Shape)}]; the file comes from a module of other sizes.");
            }
        }

        using var noTape = no_grad();
        foreach (var entry in shared)
        {
            using var scope = NewDisposeScope();
            own[entry.Name].copy_(file.Read(entry.Name));
        }

        return (missing, unexpected);
    }

    private static (byte[] Header, List<Tensor> Data) Prepare(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        KeyValuePair<string, Tensor>[] all = [.. tensors];
        Check(all);
        KeyValuePair<string, Tensor>[] laidOut = [.. all.OrderByDescending(pair => SafeTensorTypes.SizeOf(pair.Value.dtype))]; // keeps the order of equals
        var offsets = new Dictionary<string, long[]>();
        var at = 0L;
        foreach (var (name, tensor) in laidOut)
        {
            var end = at + (tensor.NumberOfElements * SafeTensorTypes.SizeOf(tensor.dtype));
            offsets.Add(name, [at, end]);
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
    private static byte[] Header(KeyValuePair<string, Tensor>[] tensors, Dictionary<string, long[]> offsets, IReadOnlyDictionary<string, string>? metadata)
    {
        var fields = new OrderedDictionary<string, object>();
        if (metadata is { Count: > 0 })
        {
            fields.Add(SafeTensorsHeader.MetadataKey, new OrderedDictionary<string, string>(metadata.Select(note => KeyValuePair.Create(WellFormed(note.Key), WellFormed(note.Value)))));
        }

        foreach (var (name, tensor) in tensors)
        {
            fields.Add(WellFormed(name), new OrderedDictionary<string, object>
            {
                ["dtype"] = SafeTensorTypes.NameOf(tensor.dtype)!,
                ["shape"] = tensor.shape,
                ["data_offsets"] = offsets[name],
            });
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(fields, Json);
        var padding = (Alignment - (json.Length % Alignment)) % Alignment;
        if (json.Length + padding > SafeTensorsHeader.LongestHeader)
        {
            throw new ArgumentException($"tensors: expected names and metadata of at most {SafeTensorsHeader.LongestHeader} bytes, got {json.Length + padding}.", nameof(tensors));
        }

        var length = new byte[Alignment];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length + padding);
        return [.. length, .. json, .. Enumerable.Repeat((byte)' ', padding)];
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

    private static void Write(Stream stream, byte[] header, List<Tensor> data)
    {
        stream.Write(header);
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

    /// <summary>Reads a tensor, on the CPU, of a shape that was checked against the bytes that are there.</summary>
    /// <param name="stream">Where its elements begin.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="what">What messages call it.</param>
    /// <exception cref="InvalidDataException">The stream ends before, or truth values are not 0 or 1.</exception>
    public static Tensor Read(Stream stream, ScalarType type, IReadOnlyList<long> shape, string what)
    {
        using var scope = NewDisposeScope();
        var isTruth = type == ScalarType.Bool; // whose bytes libtorch takes for 0 or 1, unseen
        var tensor = empty([.. shape], dtype: isTruth ? ScalarType.Byte : type, device: CPU);
        try
        {
            foreach (var piece in Pieces(tensor))
            {
                stream.ReadExactly(piece.bytes);
                piece.Dispose();
            }
        }
        catch (EndOfStreamException problem)
        {
            throw new InvalidDataException($"{what}: expected {tensor.NumberOfElements * tensor.ElementSize} bytes, found fewer; the file was cut short since it was opened.", problem);
        }

        if (isTruth && tensor.gt(Scalars.One).any().item<bool>())
        {
            throw new InvalidDataException($"{what}: expected bytes of 0 or 1 for BOOL, found others.");
        }

        return (isTruth ? tensor.to(ScalarType.Bool) : tensor).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// How many bits a tensor takes; null for 2^63 bytes and more. Zeros count as ones: what a library makes of the other
    /// dimensions of an empty tensor must not overflow either.
    /// </summary>
    public static UInt128? BitsOf(int bitsOfElement, IReadOnlyList<long> shape)
    {
        UInt128 bits = (UInt128)bitsOfElement;
        foreach (var size in shape)
        {
            bits *= (ulong)Math.Max(1, size);
            if (bits / 8 > long.MaxValue)
            {
                return null;
            }
        }

        return bits;
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
