using RnnZoo.Modules;

namespace RnnZoo.Cli.Compare;

/// <summary>Which initialisations of <see cref="Initialisers.Named"/> fit which net.</summary>
internal static class Initialisations
{
    private static readonly string[] ForAll = ["default", "xavier", "orthogonal", "identity", "one-hot"];

    /// <summary>The names that fit a model; where chrono does, chrono:F does too.</summary>
    public static IReadOnlyList<string> NamesFor(string model) => model switch
    {
        "lstm" or "layernorm-lstm" => [.. ForAll, "forget-bias", "chrono"],
        "gru" => [.. ForAll, "chrono"],
        "mingru" => ["default", "xavier", "one-hot", "chrono"],
        "orthogonal" => ["default", "one-hot", "henaff", "cayley"],
        "irnn" => [.. ForAll, "irnn"],
        "indrnn" => ["default", "xavier", "one-hot"],
        _ => ForAll,
    };

    /// <summary>All names, whatever they fit.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. SequenceModel.Names.SelectMany(NamesFor).Distinct()];

    /// <summary>Whether a name, or all names joined by +, fit a model.</summary>
    public static bool Fits(string name, string model) => Initialisers.IsNamed(name) && name.Split('+').All(part => NamesFor(model).Contains(part.Split(':')[0]));
}
