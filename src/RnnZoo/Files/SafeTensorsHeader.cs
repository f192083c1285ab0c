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
internal sealed class SafeTensorsHeader(string file)
{
    /// <summary>As in the reference implementation.</summary>
    public const int LongestHeader = 100_000_000;

    public const string MetadataKey = "__metadata__";

    private const int MostDimensions = 64; // more than any tensor library takes
    private const int DeepestJson = 8; // the format needs 3

    /// <summary>What the JSON says, which so many bytes of data follow.</summary>
    public (List<SafeTensorEntry> Entries, Dictionary<string, string> Metadata) Read(byte[] header, long dataLength)
    {
        if (header is not [(byte)'{', ..])
        {
            throw new InvalidDataException($"{file}: header: expected JSON that begins with '{{', got {(header.Length == 0 ? "nothing" : $"the byte 0x{header[0]:X2}")}.");
        }

        if (!Utf8.IsValid(header))
        {
            throw new InvalidDataException($"{file}: header: expected UTF-8, got bytes that are none.");
        }

        try
        {
            using var json = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = DeepestJson });
            var fields = Fields(json.RootElement, "", "an object");
            var metadata = fields.Remove(MetadataKey, out var notes) ? ReadMetadata(notes) : [];
            List<SafeTensorEntry> entries = [.. fields.Select(field => ReadEntry(field.Key, field.Value))];
            CheckLayout(entries, dataLength);
            return (entries, metadata);
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

    private Dictionary<string, string> ReadMetadata(JsonElement json) => Fields(json, $"{MetadataKey}: ", "an object of strings").ToDictionary(
        field => field.Key,
        field => field.Value.ValueKind == JsonValueKind.String
            ? field.Value.GetString()!
            : throw Wrong($"{MetadataKey}: {field.Key}: expected a string, got {field.Value.ValueKind}"));

    private SafeTensorEntry ReadEntry(string name, JsonElement json)
    {
        var fields = Fields(json, $"{name}: ", "an object with dtype, shape and data_offsets");
        var type = ReadType(name, Field("dtype"));
        var shape = ReadNumbers($"{name}: shape", Field("shape"), MostDimensions);
        if (ReadNumbers($"{name}: data_offsets", Field("data_offsets"), 2) is not [var begin, var end])
        {
            throw Wrong($"{name}: expected dtype, shape and data_offsets, found no two data_offsets");
        }

        if (fields.Count > 0)
        {
            throw Wrong($"{name}: expected dtype, shape and data_offsets, got '{fields.GetAt(0).Key}'");
        }

        CheckLength(name, type, shape, begin, end);
        return new SafeTensorEntry(name, type, shape.AsReadOnly(), begin, end);

        JsonElement Field(string field) => fields.Remove(field, out var value)
            ? value
            : throw Wrong($"{name}: expected dtype, shape and data_offsets, found no {field}");
    }

    /// <summary>What an object holds, in its order.</summary>
    private OrderedDictionary<string, JsonElement> Fields(JsonElement json, string where, string expected)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Wrong($"{where}expected {expected}, got {json.ValueKind}");
        }

        var fields = new OrderedDictionary<string, JsonElement>();
        foreach (var field in json.EnumerateObject())
        {
            if (!fields.TryAdd(field.Name, field.Value))
            {
                throw Wrong($"{where}{field.Name}: expected each name once, got it twice");
            }
        }

        return fields;
    }

    private string ReadType(string name, JsonElement json)
    {
        var text = json.ValueKind == JsonValueKind.String ? json.GetString()! : throw Wrong($"{name}: dtype: expected a string, got {json.ValueKind}");
        return SafeTensorTypes.BitsOf(text) > 0 ? text : throw Wrong($"{name}: dtype: expected one of safetensors' types ({SafeTensorTypes.Names}, and others that TorchSharp lacks), got '{text}'");
    }

    private long[] ReadNumbers(string what, JsonElement json, int most)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            throw Wrong($"{what}: expected an array, got {json.ValueKind}");
        }

        if (json.GetArrayLength() > most)
        {
            throw Wrong($"{what}: expected at most {most} numbers, got more");
        }

        return [.. json.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) && number >= 0
            ? number
            : throw Wrong($"{what}: expected whole numbers from 0 to {long.MaxValue}, got something else"))];
    }

    private void CheckLength(string name, string type, long[] shape, long begin, long end)
    {
        var bits = TensorBytes.BitsOf(SafeTensorTypes.BitsOf(type), shape) ?? throw Wrong($"{name}: shape: expected a tensor of less than 2^63 bytes, got [{string.Join(", ", shape)}]");
        var bytes = shape.Contains(0) ? 0 : (long)(bits / 8);
        if (end < begin || end - begin != bytes || bits % 8 != 0)
        {
            throw Wrong($"{name}: data_offsets: expected {bytes} bytes for [{string.Join(", ", shape)}] of {type}, got {begin} to {end}");
        }
    }

    /// <summary>The tensors must cover the data from end to end, none over another.</summary>
    private void CheckLayout(List<SafeTensorEntry> entries, long dataLength)
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

    private InvalidDataException Wrong(string message) => new($"{file}: header: {Printable.Of(message)}.");
}

/// <summary>The element types of safetensors; null for what TorchSharp lacks, which takes room in a file and cannot be read.</summary>
internal static class SafeTensorTypes
{
    private static readonly (string Name, ScalarType? Type, int Bits)[] All =
    [
        ("F64", ScalarType.Float64, 64),
        ("F32", ScalarType.Float32, 32),
        ("F16", ScalarType.Float16, 16),
        ("BF16", ScalarType.BFloat16, 16),
        ("I64", ScalarType.Int64, 64),
        ("I32", ScalarType.Int32, 32),
        ("I16", ScalarType.Int16, 16),
        ("I8", ScalarType.Int8, 8),
        ("U8", ScalarType.Byte, 8),
        ("BOOL", ScalarType.Bool, 8),
        ("C64", null, 64),
        ("U64", null, 64),
        ("U32", null, 32),
        ("U16", null, 16),
        ("F8_E4M3", null, 8),
        ("F8_E5M2", null, 8),
        ("F8_E8M0", null, 8),
        ("F6_E2M3", null, 6),
        ("F6_E3M2", null, 6),
        ("F4", null, 4),
    ];

    /// <summary>The names of those that TorchSharp has, for messages.</summary>
    public static string Names { get; } = string.Join(", ", All.Where(type => type.Type is not null).Select(type => type.Name));

    /// <summary>The type of a name; null if TorchSharp has none.</summary>
    public static ScalarType? Parse(string name) => Array.Find(All, type => type.Name == name).Type;

    /// <summary>The name of a type; null if safetensors has none.</summary>
    public static string? NameOf(ScalarType type) => Array.Find(All, known => known.Type == type).Name;

    /// <summary>How many bits an element takes; 0 for a name that is none.</summary>
    public static int BitsOf(string name) => Array.Find(All, type => type.Name == name).Bits;

    /// <summary>How many bytes an element takes.</summary>
    public static int SizeOf(ScalarType type) => Array.Find(All, known => known.Type == type).Bits / 8;
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
