using System.Globalization;
using RnnZoo.Modules;

namespace RnnZoo.Cli.Options;

/// <summary>
/// Initialisations by the names that commands use; joined by +, each fills on top of the one before. chrono:F is chrono
/// for memories of F sequence lengths; plain chrono is for one.
/// </summary>
internal static class Initialisations
{
    /// <summary>The names that fit a model.</summary>
    public static IReadOnlyList<string> NamesFor(string model) => RecurrentNets.Named(model).Starts;

    /// <summary>All names, whatever they fit.</summary>
    public static IReadOnlyList<string> Names => [.. RecurrentNets.All.SelectMany(net => net.Starts).Distinct()];

    /// <summary>Whether a name, or all names joined by +, fit some model.</summary>
    public static bool IsKnown(string name) => name.Split('+').All(part => Names.Contains(part) || ChronoFactor(part) is not null);

    /// <summary>Whether a name, or all names joined by +, fit a model.</summary>
    public static bool Fits(string name, string model) => name.Split('+').All(part =>
        NamesFor(model).Contains(part) || (NamesFor(model).Contains("chrono") && ChronoFactor(part) is not null));

    /// <summary>The initialisation of a name.</summary>
    /// <param name="name">A name, or several joined by +.</param>
    /// <param name="length">T: the steps of a sequence.</param>
    public static Initialiser Create(string name, int length)
        => name.Split('+').Select(part => CreateOne(part, length)).Aggregate((first, next) => first.Then(next));

    private static Initialiser CreateOne(string name, int length) => name switch
    {
        "default" => Initialisers.Default(),
        "xavier" => Initialisers.Xavier(),
        "orthogonal" => Initialisers.Orthogonal(),
        "identity" => Initialisers.Identity(),
        "one-hot" => Initialisers.OneHotInput(),
        "irnn" => Initialisers.Irnn(),
        "henaff" => Initialisers.Henaff(),
        "cayley" => Initialisers.Cayley(),
        "forget-bias" => Initialisers.ForgetBias(),
        _ when ChronoFactor(name) is { } factor => Initialisers.Chrono(factor * length),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, $"name: expected a named initialisation, got '{name}'."),
    };

    private static double? ChronoFactor(string name)
    {
        if (name == "chrono")
        {
            return 1;
        }

        const string Prefix = "chrono:";
        return name.StartsWith(Prefix, StringComparison.Ordinal)
            && double.TryParse(name.AsSpan(Prefix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor)
            && factor >= 1 && double.IsFinite(factor)
            ? factor
            : null;
    }
}
