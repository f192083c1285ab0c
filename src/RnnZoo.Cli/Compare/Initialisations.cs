using RnnZoo.Modules;

namespace RnnZoo.Cli.Compare;

/// <summary>Initialisations by the names that commands use; joined by +, each fills on top of the one before.</summary>
internal static class Initialisations
{
    private static readonly string[] ForAll = ["default", "xavier", "orthogonal", "identity", "one-hot"];

    /// <summary>The names that fit a model.</summary>
    public static IReadOnlyList<string> NamesFor(string model) => model switch
    {
        "lstm" => [.. ForAll, "forget-bias", "chrono"],
        "gru" => [.. ForAll, "chrono"],
        _ => ForAll,
    };

    /// <summary>Whether a name, or all names joined by +, fit a model.</summary>
    public static bool Fits(string name, string model) => name.Split('+').All(NamesFor(model).Contains);

    /// <summary>The initialisation of a name.</summary>
    /// <param name="name">A name, or several joined by +.</param>
    /// <param name="longestDependency">How many steps a memory must last, for those that care.</param>
    public static Initialiser Create(string name, double longestDependency)
        => name.Split('+').Select(part => CreateOne(part, longestDependency)).Aggregate((first, next) => first.Then(next));

    private static Initialiser CreateOne(string name, double longestDependency) => name switch
    {
        "default" => Initialisers.Default(),
        "xavier" => Initialisers.Xavier(),
        "orthogonal" => Initialisers.Orthogonal(),
        "identity" => Initialisers.Identity(),
        "one-hot" => Initialisers.OneHotInput(),
        "forget-bias" => Initialisers.ForgetBias(),
        "chrono" => Initialisers.Chrono(longestDependency),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, $"name: expected a named initialisation, got '{name}'."),
    };
}
