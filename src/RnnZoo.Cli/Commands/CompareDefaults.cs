using RnnZoo.Modules;

namespace RnnZoo.Cli.Commands;

/// <summary>What `compare` does unless told otherwise; <see cref="CompareTasks"/> has what differs between tasks.</summary>
internal static class CompareDefaults
{
    public const int Symbols = 10;
    public const string SymbolsSetting = "symbols";
    public const long Seed = 1;

    public static IReadOnlyList<string> Models { get; } = ["vanilla", "lstm"];

    /// <summary>All models that can be compared, in the order in which they get their colours.</summary>
    public static IReadOnlyList<string> AllModels => SequenceModel.Names;

    /// <summary>The models with a native counterpart in libtorch, which commands take that look inside a net.</summary>
    public static IReadOnlyList<string> NativeModels { get; } = ["vanilla", "lstm", "gru"];

    /// <summary>The place of a model's colour in the palette.</summary>
    public static int Colour(string model) => AllModels.ToList().IndexOf(model);
}
