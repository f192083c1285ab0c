using RnnZoo.Cells;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>The nets of a measurement.</summary>
internal static class FlowNets
{
    public const string Linear = "linear";

    /// <summary>The models: a net without a nonlinearity, and those of the registry.</summary>
    public static IReadOnlyList<string> Models => [Linear, .. RecurrentNets.Names];

    public static List<FlowNet> Of(FlowSettings settings) => [.. settings.Models.SelectMany(model => Of(model, settings))];

    private static IEnumerable<FlowNet> Of(string model, FlowSettings settings) => model switch
    {
        Linear => settings.Norms.Select(w => new FlowNet(model, $"w={w}", Initialisers.Orthogonal(w)) { Norm = w, Activation = Activation.Linear }),
        "vanilla" => [.. settings.Norms.Select(w => new FlowNet(model, $"norm={w}", Initialisers.Orthogonal(w)) { Norm = w }), .. Vanilla()],
        "lstm" => Lstm(settings.Length),
        "gru" => Gru(settings.Length),
        _ => RecurrentNets.Named(model).Starts.Select(start => new FlowNet(model, start, Initialisers.Named(start, settings.Length)) { IsAboutStart = start != "chrono" }),
    };

    private static IEnumerable<FlowNet> Vanilla() =>
    [
        new("vanilla", "default") { IsAboutStart = true },
        new("vanilla", "orthogonal", Initialisers.Orthogonal()) { IsAboutStart = true },
        new("vanilla", "identity", Initialisers.Identity()) { IsAboutStart = true },
        new("vanilla", "identity, ReLU", Initialisers.Identity()) { IsAboutStart = true, Activation = Activation.Relu },
    ];

    private static IEnumerable<FlowNet> Lstm(int length) =>
    [
        new("lstm", "forget bias 0", Initialisers.ForgetBias(0)),
        new("lstm", "forget bias 1", Initialisers.ForgetBias(1)),
        new("lstm", "chrono", Initialisers.Named("chrono", length)),
        new("lstm", "orthogonal", Initialisers.Orthogonal().Then(Initialisers.ForgetBias(1))) { IsAboutStart = true },
        new("lstm", "identity", Initialisers.Identity().Then(Initialisers.ForgetBias(1))) { IsAboutStart = true },
    ];

    private static IEnumerable<FlowNet> Gru(int length) =>
    [
        new("gru", "default"),
        new("gru", "chrono", Initialisers.Named("chrono", length)),
        new("gru", "orthogonal", Initialisers.Orthogonal()) { IsAboutStart = true },
        new("gru", "identity", Initialisers.Identity()) { IsAboutStart = true },
    ];
}

/// <summary>A fresh net whose gradient is measured.</summary>
/// <param name="Model">One of <see cref="FlowNets.Models"/>.</param>
/// <param name="Setting">What sets it apart from others of its model.</param>
/// <param name="Initialiser">What is put on top of PyTorch's default initialisation; null for nothing.</param>
internal sealed record FlowNet(string Model, string Setting, Initialiser? Initialiser = null)
{
    /// <summary>w of W = w·Q with Q orthogonal, for the nets that are made so.</summary>
    public double? Norm { get; init; }

    /// <summary>The setting as pictures have it.</summary>
    public string Label => Norm is { } w ? $"w = {w}" : Setting;

    /// <summary>Whether the setting is about the recurrent weights, not about the gates' biases.</summary>
    public bool IsAboutStart { get; init; }

    /// <summary>The activation of a net that has a choice; null for the net's own.</summary>
    public Activation? Activation { get; init; }

    /// <summary>Makes the net in float64. All nets of a model begin with the same draws, so that only the setting differs.</summary>
    public IRecurrentModule Create(int inputs, int hidden, long seed)
    {
        var net = RecurrentNets.Named(Model == FlowNets.Linear ? "vanilla" : Model).Make(new NetOptions(inputs, hidden) { Activation = Activation, DType = ScalarType.Float64 });
        using var generator = new Generator((ulong)seed);
        var initialiser = Initialisers.Default();
        (Initialiser is null ? initialiser : initialiser.Then(Initialiser)).Apply(net, generator);
        return net;
    }
}

/// <summary>Gradient norms against distance of one net, and what is known of them beforehand.</summary>
/// <param name="Net">The net.</param>
/// <param name="Flow">What was measured.</param>
/// <param name="SpectralNorm">‖W‖ of the linear and the vanilla nets.</param>
internal sealed record FlowCurve(FlowNet Net, GradientFlow Flow, double? SpectralNorm)
{
    /// <summary>I: the numbers of an input step, drawn from N(0, 1).</summary>
    public const int Inputs = 10;

    /// <summary>The state whose gradient is the curve: the one that carries the memory.</summary>
    public string State => Flow.Cell is null ? "h" : "c";

    /// <summary>The norms of that state.</summary>
    public FlowNorms Norms => Flow.Cell ?? Flow.Hidden;

    /// <summary>w^d, exact for W = w·Q without a nonlinearity; ‖W‖^d, an upper bound for slopes of at most 1; else null.</summary>
    public IReadOnlyList<double>? Predicted => (Net.Model == FlowNets.Linear ? Net.Norm : SpectralNorm) is { } norm
        ? [.. Enumerable.Range(1, Norms.Mean.Count).Select(distance => Math.Pow(norm, distance))]
        : null;

    /// <summary>What the prediction is.</summary>
    public string? Kind => Net.Model == FlowNets.Linear ? "exact" : SpectralNorm is null ? null : "bound";

    /// <summary>Measures a net on sequences that are the same for every net of a run.</summary>
    public static FlowCurve Measure(FlowNet net, FlowSettings settings)
    {
        using var scope = NewDisposeScope();
        using var data = new Generator((ulong)Seeds.Derive(settings.Seed, "flow data"));
        var input = randn(settings.Length, settings.Sequences, Inputs, dtype: ScalarType.Float64, generator: data); // [T, B, I]
        var cotangent = randn(settings.Sequences, settings.Hidden, dtype: ScalarType.Float64, generator: data); // [B, H]
        var module = net.Create(Inputs, settings.Hidden, Seeds.Derive(settings.Seed, "flow weights"));
        using var owner = (nn.Module)module;
        return new FlowCurve(net, GradientFlow.Measure(module, input, cotangent), SpectralNormOf(module));
    }

    private static double? SpectralNormOf(IRecurrentModule module)
    {
        if (module is not VanillaRnn net)
        {
            return null;
        }

        using var noGrad = no_grad();
        return linalg.svdvals(((VanillaRnnCell)net.CellAt(0)).weight_hh)[0].Number(); // [H] → []
    }
}
