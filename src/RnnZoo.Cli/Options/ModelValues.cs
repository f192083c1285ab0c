using RnnZoo.Modules;

namespace RnnZoo.Cli.Options;

/// <summary>Reads options that hold one value for all models (`1e-3`) or one for each named (`vanilla=1e-3,lstm=1e-2`).</summary>
internal static class ModelValues
{
    /// <summary>Makes such an option; its value maps models to text, the empty name standing for all.</summary>
    public static ValueOption<IReadOnlyDictionary<string, string>?> Option(string name, string description, string expected, Func<string, bool> isValue, params IEnumerable<string> words)
        => new(name, description, $"{expected}, or one per model as in vanilla=…,lstm=…", (string text, out IReadOnlyDictionary<string, string>? value) =>
        {
            var pairs = text.Split(',', StringSplitOptions.TrimEntries).Select(Pair).ToArray();
            var known = pairs.Length == 1 || pairs.All(pair => pair.Model.Length > 0);
            known &= pairs.All(pair => (pair.Model.Length == 0 || RecurrentNets.Names.Contains(pair.Model)) && isValue(pair.Value));
            known &= pairs.DistinctBy(pair => pair.Model).Count() == pairs.Length;
            value = known ? pairs.ToDictionary(pair => pair.Model, pair => pair.Value) : null;
            return known;
        })
        { Words = [.. RecurrentNets.Names, .. words] };

    /// <summary>Refuses a value for a net that is not among the chosen ones, where it would change nothing.</summary>
    /// <exception cref="UsageException">There is one.</exception>
    public static void CheckChosen(this IReadOnlyDictionary<string, string>? values, string option, IReadOnlyCollection<string> chosen)
    {
        if (values?.Keys.FirstOrDefault(model => model.Length > 0 && !chosen.Contains(model)) is { } other)
        {
            throw new UsageException($"{option}: expected nets of --models ({string.Join(", ", chosen)}), got '{other}'; add it there, or leave it out here.");
        }
    }

    /// <summary>What was said for a model, or for all; null if nothing was.</summary>
    public static string? For(this IReadOnlyDictionary<string, string>? values, string model)
        => values is null ? null : values.TryGetValue(model, out var own) ? own : values.GetValueOrDefault("");

    private static (string Model, string Value) Pair(string text)
        => text.IndexOf('=') is var at and >= 0 ? (text[..at], text[(at + 1)..]) : ("", text);
}
