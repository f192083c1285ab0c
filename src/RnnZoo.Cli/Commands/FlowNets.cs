using System.Globalization;
using RnnZoo.Cells;
using RnnZoo.Modules;

namespace RnnZoo.Cli.Commands;

/// <summary>The nets of a measurement.</summary>
internal static class FlowNets
{
    public static List<FlowNet> Of(FlowSettings settings) => [.. settings.Models.SelectMany(model => Of(model, settings))];

    private static IEnumerable<FlowNet> Of(string model, FlowSettings settings) => model switch
    {
        "linear" => settings.Norms.Select(Linear),
        "vanilla" => [.. settings.Norms.Select(Vanilla), .. Vanilla()],
        "lstm" => Lstm(settings.Length),
        "gru" => Gru(settings.Length),
        _ => throw new ArgumentOutOfRangeException(nameof(model), model, $"model: expected one of {string.Join(", ", FlowDefaults.Models)}, got '{model}'."),
    };

    private static FlowNet Linear(double w) => new("linear", Text($"w={w}"), Text($"w = {w}"), Initialisers.Orthogonal(w))
    {
        Norm = w,
        Activation = Activation.Linear,
    };

    private static FlowNet Vanilla(double norm) => new("vanilla", Text($"norm={norm}"), Text($"w = {norm}"), Initialisers.Orthogonal(norm))
    {
        Norm = norm,
    };

    private static IEnumerable<FlowNet> Vanilla() =>
    [
        new("vanilla", "default", "default") { IsAboutStart = true },
        new("vanilla", "orthogonal", "orthogonal", Initialisers.Orthogonal()) { IsAboutStart = true },
        new("vanilla", "identity", "identity", Initialisers.Identity()) { IsAboutStart = true },
        new("vanilla", "identity, ReLU", "identity, ReLU", Initialisers.Identity()) { IsAboutStart = true, Activation = Activation.Relu },
    ];

    private static IEnumerable<FlowNet> Lstm(int length) =>
    [
        new("lstm", "forget bias 0", "forget bias 0", Initialisers.ForgetBias(0)),
        new("lstm", "forget bias 1", "forget bias 1", Initialisers.ForgetBias(1)),
        new("lstm", "chrono", "chrono", Initialisers.Chrono(LongMemory(length))),
        new("lstm", "orthogonal", "orthogonal", Initialisers.Orthogonal().Then(Initialisers.ForgetBias(1))) { IsAboutStart = true },
        new("lstm", "identity", "identity", Initialisers.Identity().Then(Initialisers.ForgetBias(1))) { IsAboutStart = true },
    ];

    private static IEnumerable<FlowNet> Gru(int length) =>
    [
        new("gru", "default", "default"),
        new("gru", "chrono", "chrono", Initialisers.Chrono(LongMemory(length))),
        new("gru", "orthogonal", "orthogonal", Initialisers.Orthogonal()) { IsAboutStart = true },
        new("gru", "identity", "identity", Initialisers.Identity()) { IsAboutStart = true },
    ];

    // Chrono needs more than 2 steps.
    private static double LongMemory(int length) => Math.Max(3, length);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
