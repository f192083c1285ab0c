using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// The one registry of nets. What takes a net by its name takes it from here: <see cref="SequenceModel.Create"/>,
/// verification, recipes, and every command.
/// </summary>
public static class RecurrentNets
{
    private static readonly string[] OneMatrix = ["default", "xavier", "one-hot"];
    private static readonly string[] Gated = ["default", "xavier", "orthogonal", "identity", "one-hot"];
    private static readonly Lock Gate = new();

    private static RecurrentNet[] nets =
    [
        new("vanilla", typeof(VanillaRnnCell), of => new VanillaRnn(of.InputSize, of.HiddenSize, of.NumLayers, of.Activation ?? Activation.Tanh, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), Gated) { HasActivation = true },
        new("lstm", typeof(LstmCell), of => new Lstm(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), [.. Gated, "forget-bias", "chrono"]),
        new("gru", typeof(GruCell), of => new Gru(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), [.. Gated, "chrono"]),
        new("layernorm-lstm", typeof(LayerNormLstmCell), of => new LayerNormLstm(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), [.. Gated, "forget-bias", "chrono"]),
        new("mingru", typeof(MinGruCell), of => new MinGru(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), [.. OneMatrix, "chrono"]),
        new("orthogonal", typeof(OrthogonalCell), of => new OrthogonalRnn(of.InputSize, of.HiddenSize, of.NumLayers, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), ["default", "one-hot", "henaff", "cayley"]) { HasBias = false },
        new("irnn", typeof(VanillaRnnCell), of => VanillaRnn.Irnn(of.InputSize, of.HiddenSize, of.NumLayers, batchFirst: of.BatchFirst, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType), ["irnn", .. Gated]) { HasBias = false },
        new("indrnn", typeof(IndRnnCell), of => new IndRnn(of.InputSize, of.HiddenSize, of.NumLayers, recurrentBound: null, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), OneMatrix),
        new("slstm", typeof(SlstmCell), of => new Slstm(of.InputSize, of.HiddenSize, of.NumLayers, heads: 1, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), ["default", "one-hot"]),
        new("janet", typeof(JanetCell), of => new Janet(of.InputSize, of.HiddenSize, of.NumLayers, of.Settings["beta"], of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), [.. Gated, "forget-bias", "chrono"]) { Settings = new Dictionary<string, double> { ["beta"] = JanetCell.DefaultBeta } },
        new("peephole-lstm", typeof(PeepholeLstmCell), of => new PeepholeLstm(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), [.. Gated, "forget-bias", "chrono"]),
        new("cornn", typeof(CoRnnCell), of => new CoRnn(of.InputSize, of.HiddenSize, of.NumLayers, of.Settings["timeStep"], of.Settings["gamma"], of.Settings["epsilon"], of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), ["default", "one-hot"]) { Settings = new Dictionary<string, double> { ["timeStep"] = CoRnnCell.DefaultTimeStep, ["gamma"] = CoRnnCell.DefaultGamma, ["epsilon"] = CoRnnCell.DefaultEpsilon } },
        new("lem", typeof(LemCell), of => new Lem(of.InputSize, of.HiddenSize, of.NumLayers, of.Settings["timeStep"], of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), ["default", "one-hot"]) { Settings = new Dictionary<string, double> { ["timeStep"] = LemCell.DefaultTimeStep } },
        new("minlstm", typeof(MinLstmCell), of => new MinLstm(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, normalise: true, of.Device, of.DType), [.. OneMatrix, "forget-bias", "chrono"]),
        new("rg-lru", typeof(RgLruCell), of => new RgLru(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), OneMatrix),
        new("lru", typeof(LruCell), of => new Lru(of.InputSize, of.HiddenSize, of.NumLayers, bias: of.Bias, batchFirst: of.BatchFirst, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType), OneMatrix),
    ];

    /// <summary>The nets, in the order in which they are shown and get their colours.</summary>
    public static IReadOnlyList<RecurrentNet> All => nets;

    /// <summary>Their names, as every command and file of this project spells them.</summary>
    public static IReadOnlyList<string> Names => [.. nets.Select(net => net.Name)];

    /// <summary>The names of the initialisations that fit some net.</summary>
    public static IReadOnlyList<string> Starts => [.. nets.SelectMany(net => net.Starts).Distinct()];

    /// <summary>The net of a name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static RecurrentNet Named(string name) => Named(name, nameof(name));

    /// <summary>Adds a net, behind the others.</summary>
    /// <param name="net">A net of a new name.</param>
    /// <returns>Takes the net out again when it is disposed.</returns>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public static IDisposable Register(RecurrentNet net)
    {
        ArgumentNullException.ThrowIfNull(net);
        lock (Gate)
        {
            if (nets.Any(other => other.Name == net.Name))
            {
                throw new ArgumentException($"net: expected a name besides {string.Join(", ", Names)}, got '{net.Name}'.");
            }

            nets = [.. nets, net];
        }

        return new Registration(net);
    }

    /// <summary>The same, for a message that names another argument.</summary>
    internal static RecurrentNet Named(string name, string argument) => nets.FirstOrDefault(net => net.Name == name)
        ?? throw new ArgumentException($"{argument}: expected one of {string.Join(", ", Names)}, got '{name}'.");

    /// <summary>The first net of a module's cell; the cell's type for one that is in no net.</summary>
    internal static string NameOf(IRecurrentModule module)
    {
        var cell = module.CellAt(0).GetType();
        return nets.FirstOrDefault(net => net.Cell == cell)?.Name ?? cell.Name;
    }

    private sealed class Registration(RecurrentNet net) : IDisposable
    {
        public void Dispose()
        {
            lock (Gate)
            {
                nets = [.. nets.Where(other => !ReferenceEquals(other, net))];
            }
        }
    }
}

/// <summary>A kind of net: its name, how it is made, and the starts that fit it.</summary>
/// <param name="Name">As commands and files spell it.</param>
/// <param name="Cell">The type of its cells.</param>
/// <param name="Factory">Makes one; options that the net does not have are not set.</param>
/// <param name="Starts">The names of the initialisations that fit (see <see cref="Initialisers"/>); the first is its own.</param>
public sealed record RecurrentNet(string Name, Type Cell, Func<NetOptions, IRecurrentModule> Factory, IReadOnlyList<string> Starts)
{
    /// <summary>Whether one can choose the activation.</summary>
    public bool HasActivation { get; init; }

    /// <summary>Whether one can leave out the biases.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>The constants of its equations that one can choose, with their usual values, such as an LEM's <c>timeStep</c>.</summary>
    public IReadOnlyDictionary<string, double> Settings { get; init; } = new Dictionary<string, double>();

    /// <summary>Whether an initialisation fits: one of <see cref="Starts"/>, or several joined by +; where chrono does, chrono:F does too.</summary>
    /// <param name="initialisation">As <see cref="Initialisers.Named"/> takes it.</param>
    public bool Fits(string initialisation) => Initialisers.IsNamed(initialisation) && initialisation.Split('+').All(part => Starts.Contains(part.Split(':')[0]));

    /// <summary>Makes a net.</summary>
    /// <param name="options">Its sizes and what else it has.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the net does not have it.</exception>
    public IRecurrentModule Make(NetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Activation is { } activation && !HasActivation)
        {
            throw new ArgumentException($"activation: expected none for '{Name}', got {activation}; only a vanilla net has a choice.");
        }

        if (!options.Bias && !HasBias)
        {
            throw new ArgumentException($"bias: expected true for '{Name}', whose bias cannot be left out, got false.");
        }

        if (options.Settings.Keys.Except(Settings.Keys).FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException($"settings: expected {(Settings.Count == 0 ? "none" : $"only {string.Join(", ", Settings.Keys)}")} for '{Name}', got '{unknown}'.");
        }

        return Factory(options with { Settings = Settings.ToDictionary(setting => setting.Key, setting => options.Settings.GetValueOrDefault(setting.Key, setting.Value)) });
    }

    /// <summary>
    /// The shapes of the parameters that a net would have, found without making it: those of a small one, in which multiples of I
    /// and H tell apart. Of a net with other axes, such as one of I + H, that axis is the small net's.
    /// </summary>
    internal Dictionary<string, long[]> ShapesOf(NetOptions options)
    {
        const long SmallInput = 31, SmallHidden = 29;
        using var small = (nn.Module)Make(options with { InputSize = SmallInput, HiddenSize = SmallHidden, Device = null });
        return small.state_dict().ToDictionary(pair => pair.Key, pair => Array.ConvertAll(pair.Value.shape, size =>
            size == SmallInput ? options.InputSize : size % SmallHidden == 0 ? size / SmallHidden * options.HiddenSize : size));
    }

    /// <summary>How many numbers those are, for as many layers as one likes: each above the second has as many as the second.</summary>
    internal double CountOf(NetOptions options)
    {
        return Of(1) + ((options.NumLayers - 1) * (options.NumLayers > 1 ? Of(2) - Of(1) : 0));

        double Of(long layers) => ShapesOf(options with { NumLayers = layers }).Values.Sum(shape => shape.Aggregate(1.0, (count, size) => count * size));
    }
}

/// <summary>What a net is made with.</summary>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="NumLayers">L.</param>
public sealed record NetOptions(long InputSize, long HiddenSize, long NumLayers = 1)
{
    /// <summary>The activation, of a net that has a choice; null for the net's own.</summary>
    public Activation? Activation { get; init; }

    /// <summary>Constants of the net's equations by their names in <see cref="RecurrentNet.Settings"/>; those left out have their usual values.</summary>
    public IReadOnlyDictionary<string, double> Settings { get; init; } = new Dictionary<string, double>();

    /// <summary>Whether there are biases.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Whether input and output are [B, T, ·].</summary>
    public bool BatchFirst { get; init; }

    /// <summary>The probability with which an output of a layer below the last is dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether every layer also reads its input backwards.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>Where the parameters live; the CPU if null.</summary>
    public Device? Device { get; init; }

    /// <summary>Their element type; the default one if null.</summary>
    public ScalarType? DType { get; init; }
}
