namespace RnnZoo.Modules;

/// <summary>What a <see cref="SequenceModel"/> makes of its input before the recurrence.</summary>
public enum InputEncoding
{
    /// <summary>The input is features [T, B, I], taken as it is.</summary>
    Features,

    /// <summary>The input is token ids [T, B] (int64); each becomes a one-hot vector of size I.</summary>
    OneHot,

    /// <summary>The input is token ids [T, B] (int64); each becomes a learned vector.</summary>
    Embedding,
}
