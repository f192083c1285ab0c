namespace RnnZoo.Characters;

/// <summary>What a token of text is.</summary>
public enum VocabularyKind
{
    /// <summary>A byte; there are 256, whatever the text. Any file is valid.</summary>
    Bytes,

    /// <summary>A character, to be exact a Unicode scalar value; the text is UTF-8.</summary>
    Characters,
}
