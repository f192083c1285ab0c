namespace RnnZoo.Cli.Compare;

/// <summary>
/// The one place for what `compare` does unless told otherwise: each model gets the better learning rate and initialisation
/// of a small search on the task.
/// </summary>
internal static class CompareDefaults
{
    public const int Hidden = 128;
    public const int Symbols = 10;
    public const int Batch = 64;
    public const int Steps = 3_000;
    public const double Clip = 0.25;
    public const long Seed = 1;

    public static IReadOnlyList<string> Models { get; } = ["vanilla", "lstm"];

    public static IReadOnlyList<int> Delays { get; } = [10, 20, 50];

    /// <summary>All models that can be compared, in the order in which they get their colours.</summary>
    public static IReadOnlyList<string> AllModels { get; } = ["vanilla", "lstm", "gru"];

    /// <summary>The learning rate and the initialisation of a model on the copy task, with Adam.</summary>
    public static (double LearningRate, string Initialisation) ForCopy(string model) => model switch
    {
        "vanilla" => (1e-3, "identity"),
        "lstm" => (2e-2, "orthogonal+chrono:3+one-hot"),
        "gru" => (1e-2, "orthogonal+chrono:3+one-hot"),
        _ => throw new ArgumentOutOfRangeException(nameof(model), model, $"model: expected one of {string.Join(", ", AllModels)}, got '{model}'."),
    };
}
