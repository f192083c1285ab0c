using RnnZoo.Characters;

namespace RnnZoo.Cli.Chars;

/// <summary>The words that options and files use.</summary>
internal static class CharsNames
{
    public static IReadOnlyDictionary<string, VocabularyKind> Vocabularies { get; } = new Dictionary<string, VocabularyKind>
    {
        ["characters"] = VocabularyKind.Characters,
        ["bytes"] = VocabularyKind.Bytes,
    };
}
