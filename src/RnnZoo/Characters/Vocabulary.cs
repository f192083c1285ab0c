using System.Text;

namespace RnnZoo.Characters;

/// <summary>The tokens that a text model knows, and their ids. It is saved with the model, as JSON.</summary>
public sealed class Vocabulary
{
    private const int DirectRunes = 0x800;

    private readonly Rune[] _runes;
    private readonly int[] _direct = new int[DirectRunes];
    private readonly Dictionary<int, int> _others = [];

    private Vocabulary(VocabularyKind kind, Rune[] runes)
    {
        (Kind, _runes) = (kind, runes);
        Array.Fill(_direct, -1);
        for (var id = 0; id < runes.Length; id++)
        {
            if (runes[id].Value < DirectRunes)
            {
                _direct[runes[id].Value] = id;
            }
            else
            {
                _others[runes[id].Value] = id;
            }
        }
    }

    /// <summary>The 256 bytes, each its own id.</summary>
    public static Vocabulary Bytes { get; } = new(VocabularyKind.Bytes, []);

    /// <summary>What a token is.</summary>
    public VocabularyKind Kind { get; }

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
        Utf16.Scan(text, (rune, _) => seen.Add(rune));
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
        using (var file = File.OpenHandle(path))
        {
            new Utf8Scanner(file, path).Scan((rune, _) => seen.Add(rune));
        }

        return seen.Count > 0
            ? new Vocabulary(VocabularyKind.Characters, [.. seen.Order().Select(rune => new Rune(rune))])
            : throw new InvalidDataException($"{path}: expected text, got an empty file.");
    }

    /// <summary>The vocabulary that <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The file's text.</param>
    /// <exception cref="InvalidDataException">It is no such file, or damaged.</exception>
    public static Vocabulary FromJson(string json)
    {
        var (kind, characters) = VocabularyJson.Read(json);
        if (kind == VocabularyKind.Bytes)
        {
            return Bytes;
        }

        var runes = new List<Rune>();
        Utf16.Scan(characters, (rune, _) => runes.Add(rune));
        return runes.Count > 0 && runes.Distinct().Count() == runes.Count
            ? new Vocabulary(kind, [.. runes])
            : throw new InvalidDataException($"vocabulary: characters: expected at least one character and none twice, got {runes.Count} with {runes.Count - runes.Distinct().Count()} repeated.");
    }

    /// <summary>The vocabulary as a small JSON file.</summary>
    public string ToJson() => VocabularyJson.Write(Kind, string.Concat(_runes.Select(rune => rune.ToString())));

    /// <summary>The ids of a text.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">A character is not in the vocabulary; the message names it and its place.</exception>
    public long[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Kind == VocabularyKind.Bytes)
        {
            return Array.ConvertAll(Encoding.UTF8.GetBytes(text), value => (long)value);
        }

        var ids = new List<long>(text.Length);
        Utf16.Scan(text, (rune, index) => ids.Add(IdOf(rune.Value) is >= 0 and var id
            ? id
            : throw new ArgumentException($"text: {Missing(rune.Value, $"at index {index}")}.")));
        return [.. ids];
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

    /// <summary>A character's id, or -1.</summary>
    internal int IdOf(int rune) => rune < DirectRunes ? _direct[rune] : _others.GetValueOrDefault(rune, -1);

    /// <summary>What to say of a character that is not there.</summary>
    internal string Missing(int rune, string place) =>
        $"expected characters of the vocabulary, which has {Size}, got {Utf16.Show(rune)} {place}; remove it, or train a model whose vocabulary has it";
}
