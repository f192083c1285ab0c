using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>A fresh net whose gradient is measured.</summary>
/// <param name="Model">linear, vanilla, lstm or gru.</param>
/// <param name="Setting">What sets it apart from others of its model, for files.</param>
/// <param name="Label">The same for pictures.</param>
/// <param name="Initialiser">What is put on top of PyTorch's default initialisation; null for nothing.</param>
internal sealed record FlowNet(string Model, string Setting, string Label, Initialiser? Initialiser = null)
{
    /// <summary>w of W = w·Q with Q orthogonal, for the nets that are made so.</summary>
    public double? Norm { get; init; }

    /// <summary>Whether the setting is about the recurrent weights, not about the gates' biases.</summary>
    public bool IsAboutStart { get; init; }

    public Activation Activation { get; init; } = Activation.Tanh;

    /// <summary>The state whose gradient is the curve: the one that carries the memory.</summary>
    public string State => Model == "lstm" ? "c" : "h";

    /// <summary>Makes the net in float64. All nets of a model begin with the same draws, so that only the setting differs.</summary>
    public IRecurrentModule Create(int inputs, int hidden, long seed)
    {
        IRecurrentModule net = Model switch
        {
            "lstm" => new Lstm(inputs, hidden, dtype: ScalarType.Float64),
            "gru" => new Gru(inputs, hidden, dtype: ScalarType.Float64),
            _ => new VanillaRnn(inputs, hidden, 1, Activation, dtype: ScalarType.Float64),
        };
        using var generator = new Generator((ulong)seed);
        var initialiser = Initialisers.Default();
        (Initialiser is null ? initialiser : initialiser.Then(Initialiser)).Apply(net, generator);
        return net;
    }
}
