using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RnnZoo.Characters;

/// <summary>The file format of a <see cref="Vocabulary"/>.</summary>
internal static class VocabularyJson
{
    private const string Format = "rnnzoo-vocabulary-1";
    private const string BytesKind = "bytes";
    private const string CharactersKind = "characters";

    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    public static string Write(VocabularyKind kind, string characters)
    {
        var content = new Dictionary<string, string> { ["format"] = Format, ["kind"] = kind == VocabularyKind.Bytes ? BytesKind : CharactersKind };
        if (kind == VocabularyKind.Characters)
        {
            content["characters"] = characters; // the ids in order
        }

        return JsonSerializer.Serialize(content, Options);
    }

    public static (VocabularyKind Kind, string Characters) Read(string json)
    {
        Dictionary<string, string>? content;
        try
        {
            content = JsonSerializer.Deserialize<Dictionary<string, string>>(json, Options);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"vocabulary: expected a JSON object of strings: {problem.Message}", problem);
        }

        if (content?.GetValueOrDefault("format") is not Format)
        {
            throw new InvalidDataException($"vocabulary: format: expected {Format}, got {content?.GetValueOrDefault("format") ?? "nothing"}.");
        }

        return content.GetValueOrDefault("kind") switch
        {
            BytesKind => (VocabularyKind.Bytes, ""),
            CharactersKind => (VocabularyKind.Characters, content.GetValueOrDefault("characters") ?? ""),
            var other => throw new InvalidDataException($"vocabulary: kind: expected {BytesKind} or {CharactersKind}, got {other ?? "nothing"}."),
        };
    }
}
