using RnnZoo.Modules;

namespace RnnZoo.Cli.Compare;

/// <summary>Which initialisations of <see cref="Initialisers.Named"/> fit which net.</summary>
internal static class Initialisations
{
    /// <summary>The names that fit a model; where chrono does, chrono:F does too.</summary>
    public static IReadOnlyList<string> NamesFor(string model) => RecurrentNets.Named(model).Starts;

    /// <summary>All names, whatever they fit.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. RecurrentNets.Names.SelectMany(NamesFor).Distinct()];

    /// <summary>Whether a name, or all names joined by +, fit a model.</summary>
    public static bool Fits(string name, string model) => RecurrentNets.Named(model).Fits(name);
}
