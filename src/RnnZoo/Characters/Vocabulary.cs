using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RnnZoo.Streams;

namespace RnnZoo.Characters;

/// <summary>What a token of text is.</summary>
internal enum VocabularyKind
{
    /// <summary>A byte; there are 256, whatever the text. Any file is valid.</summary>
    Bytes,

    /// <summary>A character, to be exact a Unicode scalar value; the text is UTF-8.</summary>
    Characters,
}

/// <summary>The tokens that a text model knows, and their ids. It is saved with the model, as JSON.</summary>
public sealed class Vocabulary
{
    private const string Format = "rnnzoo-vocabulary-1";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private readonly Rune[] _runes;
    private readonly int[] _ids; // by code point; -1 where there is no such character

    private Vocabulary(VocabularyKind kind, Rune[] runes)
    {
        (Kind, _runes) = (kind, runes);
        _ids = new int[runes.Select(rune => rune.Value + 1).DefaultIfEmpty().Max()];
        Array.Fill(_ids, -1);
        for (var id = 0; id < runes.Length; id++)
        {
            _ids[runes[id].Value] = id;
        }
    }

    /// <summary>The 256 bytes, each its own id.</summary>
    public static Vocabulary Bytes { get; } = new(VocabularyKind.Bytes, []);

    /// <summary>What a token is.</summary>
    internal VocabularyKind Kind { get; }

    /// <summary>V: how many tokens there are.</summary>
    public int Size => Kind == VocabularyKind.Bytes ? 256 : _runes.Length;

    /// <summary>The characters in the order of their ids; empty for bytes.</summary>
    public IReadOnlyList<Rune> Characters => _runes;

    /// <summary>The characters of a text, by ascending code point.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">The text is empty, or has half of a surrogate pair.</exception>
    public static Vocabulary OfText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var seen = new SortedSet<Rune>();
        Scan(text, (rune, _) => seen.Add(rune));
        return seen.Count > 0
            ? new Vocabulary(VocabularyKind.Characters, [.. seen])
            : throw new ArgumentException("text: expected at least one character, got none.");
    }

    /// <summary>The characters of a text file, by ascending code point. The file is read once, in small blocks.</summary>
    /// <param name="path">A file in UTF-8; a byte order mark is skipped.</param>
    /// <exception cref="InvalidDataException">The file is empty, or no valid UTF-8; the message names the place.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Vocabulary OfFile(string path)
    {
        var seen = new HashSet<int>();
        new Utf8File(path).Scan(rune => seen.Add(rune));
        return seen.Count > 0
            ? new Vocabulary(VocabularyKind.Characters, [.. seen.Order().Select(rune => new Rune(rune))])
            : throw new InvalidDataException($"{path}: expected text, got an empty file.");
    }

    /// <summary>The vocabulary that <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The file's text.</param>
    /// <exception cref="InvalidDataException">It is no such file, or damaged.</exception>
    public static Vocabulary FromJson(string json)
    {
        Dictionary<string, string>? fields;
        try
        {
            fields = JsonSerializer.Deserialize<Dictionary<string, string>>(json, Json);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"vocabulary: expected a JSON object of strings: {problem.Message}", problem);
        }

        if (fields?.GetValueOrDefault("format") is not Format)
        {
            throw new InvalidDataException($"vocabulary: format: expected {Format}, got {fields?.GetValueOrDefault("format") ?? "nothing"}.");
        }

        return fields.GetValueOrDefault("kind") switch
        {
            "bytes" => Bytes,
            "characters" => OfCharacters(fields.GetValueOrDefault("characters") ?? ""),
            var other => throw new InvalidDataException($"vocabulary: kind: expected bytes or characters, got {other ?? "nothing"}."),
        };
    }

    /// <summary>The vocabulary as a small JSON file.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        Kind == VocabularyKind.Bytes
            ? new Dictionary<string, string> { ["format"] = Format, ["kind"] = "bytes" }
            : new Dictionary<string, string> { ["format"] = Format, ["kind"] = "characters", ["characters"] = string.Concat(_runes) }, // the ids in order
        Json);

    /// <summary>The ids of a text.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">A character is not in the vocabulary; the message names it and its place.</exception>
    public long[] Encode(string text)
    {
        var tokens = TokensOf(text);
        var ids = new long[tokens.Count];
        tokens.Read(0, ids);
        return ids;
    }

    /// <summary>The tokens of a text, to be cut into streams.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">A character is not in the vocabulary; the message names it and its place.</exception>
    public Tokens TokensOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Kind == VocabularyKind.Bytes)
        {
            return Tokens.OfBytes(Encoding.UTF8.GetBytes(text));
        }

        var tokens = Tokens.Zeros(text.Length - text.Count(char.IsLowSurrogate), Size);
        var position = 0;
        Scan(text, (rune, index) => tokens.Set(position++, IdOf(rune.Value) is >= 0 and var id
            ? id
            : throw new ArgumentException($"text: {Missing(rune.Value, $"at index {index}")}.")));
        return tokens;
    }

    /// <summary>The tokens of a text file. The file is read in small blocks, and not needed any more afterwards.</summary>
    /// <param name="path">A file: UTF-8, with or without a byte order mark, or anything if the vocabulary is bytes.</param>
    /// <exception cref="InvalidDataException">
    /// The file is no valid UTF-8, has a character outside the vocabulary, fewer than two tokens, or more than fit into an
    /// array; the message names the place.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public Tokens TokensOfFile(string path)
    {
        var (count, unit) = Kind == VocabularyKind.Bytes ? (new FileInfo(path).Length, "bytes") : (CountOf(path), "characters");
        var most = Array.MaxLength / Tokens.WidthOf(Size);
        if (count > most)
        {
            throw new InvalidDataException($"{path}: expected a text of at most {most} {unit}, which fit into memory, got {count}; cut it into several files, or derive a StreamSource that reads it piece by piece.");
        }

        var tokens = Kind == VocabularyKind.Bytes ? Tokens.OfBytes(File.ReadAllBytes(path)) : Read(path, count);
        return tokens.Count >= 2
            ? tokens
            : throw new InvalidDataException($"{path}: expected a text of at least 2 {unit}, an input and the target after it, got {tokens.Count}.");
    }

    /// <summary>The text of ids. Of bytes, what is no valid UTF-8 becomes U+FFFD.</summary>
    /// <param name="ids">The ids.</param>
    /// <exception cref="ArgumentException">An id is not in the vocabulary.</exception>
    public string Decode(params ReadOnlySpan<long> ids)
    {
        var text = new StringBuilder(ids.Length);
        var bytes = new byte[Kind == VocabularyKind.Bytes ? ids.Length : 0];
        for (var position = 0; position < ids.Length; position++)
        {
            var id = ids[position];
            if (id < 0 || id >= Size)
            {
                throw new ArgumentException($"ids: expected ids from 0 to {Size - 1}, got {id} at position {position}.");
            }

            if (Kind == VocabularyKind.Bytes)
            {
                bytes[position] = (byte)id;
            }
            else
            {
                text.Append(_runes[id].ToString());
            }
        }

        return Kind == VocabularyKind.Bytes ? Encoding.UTF8.GetString(bytes) : text.ToString();
    }

    private static long CountOf(string path)
    {
        var count = 0L;
        new Utf8File(path).Scan(_ => count++);
        return count;
    }

    private Tokens Read(string path, long count)
    {
        var tokens = Tokens.Zeros(count, Size);
        var (file, position) = (new Utf8File(path), 0);
        file.Scan(rune => tokens.Set(
            position < count ? position++ : throw Changed(),
            IdOf(rune) is >= 0 and var id ? id : throw new InvalidDataException($"{path}: {Missing(rune, file.Place)}.")));
        return position == count ? tokens : throw Changed();

        InvalidDataException Changed() => new($"{path}: expected {count} characters as when it was counted, got another text; it was changed while it was read.");
    }

    /// <summary>A character's id, or -1.</summary>
    internal int IdOf(int rune) => rune < _ids.Length ? _ids[rune] : -1;

    /// <exception cref="InvalidDataException">There is none, or one twice, or half of one.</exception>
    private static Vocabulary OfCharacters(string characters)
    {
        var runes = new List<Rune>();
        try
        {
            Scan(characters, (rune, _) => runes.Add(rune));
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"vocabulary: characters: {problem.Message}", problem);
        }

        var repeated = runes.Count - runes.Distinct().Count();
        return runes.Count > 0 && repeated == 0
            ? new Vocabulary(VocabularyKind.Characters, [.. runes])
            : throw new InvalidDataException($"vocabulary: characters: expected at least one character and none twice, got {runes.Count} with {repeated} repeated.");
    }

    private string Missing(int rune, string place)
    {
        var shown = Rune.IsControl(new Rune(rune)) ? $"U+{rune:X4}" : $"'{new Rune(rune)}' (U+{rune:X4})";
        return $"expected characters of the vocabulary, which has {Size}, got {shown} {place}; remove it, or train a model whose vocabulary has it";
    }

    /// <summary>Visits every character with its index in the string.</summary>
    /// <exception cref="ArgumentException">Half of a surrogate pair stands alone.</exception>
    private static void Scan(string text, Action<Rune, int> visit)
    {
        for (var index = 0; index < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, index, out var rune))
            {
                throw new ArgumentException($"text: expected valid Unicode, got half of a surrogate pair, U+{(int)text[index]:X4}, at index {index}.");
            }

            visit(rune, index);
            index += rune.Utf16SequenceLength;
        }
    }
}
