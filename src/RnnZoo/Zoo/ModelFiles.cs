namespace RnnZoo.Zoo;

/// <summary>The files of a model's folder.</summary>
public static class ModelFiles
{
    /// <summary>Recipe and results.</summary>
    public const string Manifest = "model.json";

    /// <summary>The weights under PyTorch's names.</summary>
    public const string Weights = "weights.safetensors";

    /// <summary>The card, made of manifest and log.</summary>
    public const string Card = "README.md";

    /// <summary>The log of the trainings of all seeds.</summary>
    public const string Log = "train.jsonl";

    /// <summary>The curves, made of the log.</summary>
    public const string Curve = "training.svg";

    /// <summary>The characters of a character model.</summary>
    public const string Vocabulary = "vocabulary.json";

    /// <summary>The held-out text of a character model.</summary>
    public const string Validation = "validation.txt";
}
