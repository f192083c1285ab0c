using RnnZoo.Characters;

namespace RnnZoo.Cli.Chars;

/// <summary>What to train, and how. It is written beside the checkpoints, for a run that is resumed.</summary>
internal sealed record CharsSettings
{
    /// <summary>The full path of the text.</summary>
    public required string Text { get; init; }

    /// <summary>The SHA-256 of the text's bytes; empty before it is read.</summary>
    public string TextSha256 { get; init; } = "";

    public required VocabularyKind Vocabulary { get; init; }

    /// <summary>Which share of the text, at its end, is held out.</summary>
    public required double ValidationShare { get; init; }

    public required CharacterModelShape Shape { get; init; }

    public required CharacterTrainingOptions Training { get; init; }

    public required int Threads { get; init; }

    public required long Seed { get; init; }
}
