using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using static TorchSharp.torch;

namespace RnnZoo.Files;

/// <summary>
/// Reads the JSON header of a safetensors file. It trusts nothing: whatever does not follow the format to the letter is an
/// <see cref="InvalidDataException"/>, and memory is taken only in proportion to the header's bytes.
/// </summary>
internal ref struct SafeTensorsHeader
{
    /// <summary>As in the reference implementation.</summary>
    public const int LongestHeader = 100_000_000;

    public const string MetadataKey = "__metadata__";

    private const int MostDimensions = 64; // more than any tensor library takes
    private const int DeepestJson = 8; // the format needs 3

    private readonly string _file;
    private Utf8JsonReader _json;

    private SafeTensorsHeader(string file, ReadOnlySpan<byte> header)
    {
        _file = file;
        _json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = DeepestJson });
    }

    /// <param name="file">The file's name, for messages.</param>
    /// <param name="header">The bytes of the JSON.</param>
    /// <param name="dataLength">How many bytes follow it.</param>
    public static (List<SafeTensorEntry> Entries, Dictionary<string, string> Metadata) Read(string file, ReadOnlySpan<byte> header, long dataLength)
    {
        if (header.IsEmpty || header[0] != (byte)'{')
        {
            throw new InvalidDataException($"{file}: header: expected JSON that begins with '{{', got {(header.IsEmpty ? "nothing" : $"the byte 0x{header[0]:X2}")}.");
        }

        if (!Utf8.IsValid(header))
        {
            throw new InvalidDataException($"{file}: header: expected UTF-8, got bytes that are none.");
        }

        try
        {
            var reader = new SafeTensorsHeader(file, header);
            var content = reader.ReadAll();
            CheckLayout(file, content.Entries, dataLength);
            return content;
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{file}: header: {problem.Message}", problem);
        }
        catch (InvalidOperationException problem) // what the reader says of half of a surrogate pair in a string
        {
            throw new InvalidDataException($"{file}: header: expected names of whole characters: {problem.Message}", problem);
        }
    }

    private (List<SafeTensorEntry> Entries, Dictionary<string, string> Metadata) ReadAll()
    {
        var entries = new List<SafeTensorEntry>();
        var metadata = new Dictionary<string, string>();
        var names = new HashSet<string>();
        _json.Read(); // {
        while (NextName("the header") is { } name)
        {
            if (!names.Add(name))
            {
                throw Wrong($"{name}: expected each name once, got it twice");
            }

            if (name == MetadataKey)
            {
                ReadMetadata(metadata);
            }
            else
            {
                entries.Add(ReadEntry(name));
            }
        }

        _json.Read(); // finds what stands after the object
        return (entries, metadata);
    }

    private void ReadMetadata(Dictionary<string, string> metadata)
    {
        Expect(JsonTokenType.StartObject, MetadataKey, "an object of strings");
        while (NextName(MetadataKey) is { } name)
        {
            Expect(JsonTokenType.String, $"{MetadataKey}: {name}", "a string");
            if (!metadata.TryAdd(name, _json.GetString()!))
            {
                throw Wrong($"{MetadataKey}: {name}: expected each name once, got it twice");
            }
        }
    }

    private SafeTensorEntry ReadEntry(string name)
    {
        Expect(JsonTokenType.StartObject, name, "an object with dtype, shape and data_offsets");
        ScalarType? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (NextName(name) is { } field)
        {
            var twice = false;
            switch (field)
            {
                case "dtype":
                    twice = type is not null;
                    type = ReadType(name);
                    break;
                case "shape":
                    twice = shape is not null;
                    shape = ReadNumbers($"{name}: shape", MostDimensions);
                    break;
                case "data_offsets":
                    twice = offsets is not null;
                    offsets = ReadNumbers($"{name}: data_offsets", 2);
                    break;
                default:
                    throw Wrong($"{name}: expected dtype, shape and data_offsets, got '{field}'");
            }

            if (twice)
            {
                throw Wrong($"{name}: {field}: expected it once, got it twice");
            }
        }

        if (type is not { } element || shape is null || offsets is not [var begin, var end])
        {
            var missing = type is null ? "dtype" : shape is null ? "shape" : "two data_offsets";
            throw Wrong($"{name}: expected dtype, shape and data_offsets, found no {missing}");
        }

        CheckLength(name, element, shape, begin, end);
        return new SafeTensorEntry(name, element, shape.AsReadOnly(), begin, end);
    }

    private ScalarType ReadType(string name)
    {
        Expect(JsonTokenType.String, $"{name}: dtype", "a string");
        var text = _json.GetString()!;
        return SafeTensorTypes.Parse(text) ?? throw Wrong($"{name}: dtype: expected one that TorchSharp has too ({SafeTensorTypes.Names}), got '{text}'");
    }

    private List<long> ReadNumbers(string what, int most)
    {
        Expect(JsonTokenType.StartArray, what, "an array");
        var numbers = new List<long>();
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out var number) || number < 0)
            {
                throw Wrong($"{what}: expected whole numbers from 0 to {long.MaxValue}, got something else");
            }

            if (numbers.Count == most)
            {
                throw Wrong($"{what}: expected at most {most} numbers, got more");
            }

            numbers.Add(number);
        }

        return numbers;
    }

    private readonly void CheckLength(string name, ScalarType type, List<long> shape, long begin, long end)
    {
        // Zeros count as ones here: what a library makes of the other dimensions of an empty tensor must not overflow either.
        UInt128 room = (UInt128)SafeTensorTypes.SizeOf(type);
        foreach (var size in shape)
        {
            room *= (ulong)Math.Max(1, size);
            if (room > long.MaxValue)
            {
                throw Wrong($"{name}: shape: expected a tensor of less than 2^63 bytes, got [{string.Join(", ", shape)}]");
            }
        }

        var bytes = shape.Contains(0) ? 0 : (long)room;
        if (end < begin || end - begin != bytes)
        {
            throw Wrong($"{name}: data_offsets: expected {bytes} bytes for [{string.Join(", ", shape)}] of {SafeTensorTypes.NameOf(type)}, got {begin} to {end}");
        }
    }

    /// <summary>The tensors must cover the data from end to end, none over another.</summary>
    private static void CheckLayout(string file, List<SafeTensorEntry> entries, long dataLength)
    {
        var (at, before) = (0L, "");
        foreach (var entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != at)
            {
                var what = entry.Begin < at ? $"an overlap with {Printable.Of(before)}" : "a hole before it";
                throw new InvalidDataException($"{file}: header: {Printable.Of(entry.Name)}: data_offsets: expected to begin at {at}, got {entry.Begin}: {what}.");
            }

            (at, before) = (entry.End, entry.Name);
        }

        if (at != dataLength)
        {
            throw new InvalidDataException($"{file}: expected {at} bytes of data after the header, got {dataLength}; {(dataLength < at ? "the file was cut short" : "something was added to the file")}.");
        }
    }

    /// <returns>The next property's name, its value still to be read; null at the end of the object.</returns>
    private string? NextName(string where)
    {
        if (!_json.Read())
        {
            throw Wrong($"{where}: expected an object that ends");
        }

        return _json.TokenType == JsonTokenType.EndObject ? null : _json.GetString();
    }

    private void Expect(JsonTokenType type, string where, string expected)
    {
        if (!_json.Read() || _json.TokenType != type)
        {
            throw Wrong($"{where}: expected {expected}, got {_json.TokenType}");
        }
    }

    private readonly InvalidDataException Wrong(string message) => new($"{_file}: header: {Printable.Of(message)}.");
}

/// <summary>The element types that both safetensors and TorchSharp have.</summary>
internal static class SafeTensorTypes
{
    private static readonly (string Name, ScalarType Type, int Size)[] All =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(type => type.Name));

    /// <summary>The type of a name; null if it is none of those.</summary>
    public static ScalarType? Parse(string name)
    {
        foreach (var type in All)
        {
            if (type.Name == name)
            {
                return type.Type;
            }
        }

        return null;
    }

    /// <summary>The name of a type; null if safetensors or this library has none.</summary>
    public static string? NameOf(ScalarType type) => Array.Find(All, known => known.Type == type).Name;

    /// <summary>How many bytes an element takes.</summary>
    public static int SizeOf(ScalarType type) => Array.Find(All, known => known.Type == type).Size;
}

/// <summary>Texts of files from anywhere, for messages: short, and without what a terminal would obey.</summary>
internal static class Printable
{
    private const int Longest = 500;

    /// <summary>The text, with \uXXXX for every character that shows as none; of a long one the beginning.</summary>
    public static string Of(string text)
    {
        var shown = new StringBuilder();
        foreach (var letter in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            var hidden = char.GetUnicodeCategory(letter) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            _ = hidden ? shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}") : shown.Append(letter);
        }

        return text.Length > Longest ? shown.Append("...").ToString() : shown.ToString();
    }
}
