using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;
using RnnZoo.Cells;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo lyapunov`: at which rates a net's Jacobians stretch and shrink, so how its gradients vanish or explode.</summary>
internal sealed class LyapunovCommand : ExampleCommand
{
    private readonly ValueOption<string> _cell = Values.Choice("--cell", "The cell of a fresh net; of --weights, which net they are where several have the same parameters, as lstm and slstm", RecurrentNets.Names, "vanilla");
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "The hidden size of a fresh net", 1, 128);
    private readonly ValueOption<double?> _gain = Values.Optional<double>(
        "--gain", "The spectral norm that each recurrent block of a fresh net is scaled to; by default as initialised", "a number above 0", value => value > 0);

    private readonly ValueOption<string?> _init = Values.Text(
        "--init", $"The initialisation of a fresh net ({string.Join(", ", RecurrentNets.Starts)}; joined by + they fill on top of each other); by default the net's own",
        $"names of {string.Join(", ", RecurrentNets.Starts)}, joined by +",
        Initialisers.IsNamed);

    private readonly ValueOption<string?> _weights = Values.Text(
        "--weights", "Measure the recurrent net in this file in place of a fresh one: safetensors, or a state dict as module.save writes it (compare leaves some in its run folder); constants of a net's equations are the usual ones", "a file");

    private readonly ValueOption<string?> _net = Values.Text(
        "--net", "Which net of a --weights file that holds several: what stands before its parameters' names, as in enc", "a name");

    private readonly ValueOption<int> _steps = Values.Whole("--steps", "How many steps to measure", 1, 10_000);
    private readonly ValueOption<int> _warmUp = Values.Whole("--warm-up", "How many steps turn the directions into place before", 0, 500);
    private readonly ValueOption<int> _exponents = Values.Whole("--exponents", "How many of the largest exponents; never more than the state has numbers", 1, 8);
    private readonly ValueOption<double> _input = Values.NotNegative("--input", "The standard deviation of the random input; 0 for none", 1);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<string?> _output = Values.Output("lyapunov");
    private readonly ValueOption<ValueList<string>> _formats = OutputFolder.Formats();

    public LyapunovCommand(CliHost host)
        : base(
            "lyapunov",
            "Measures Lyapunov exponents: the rates, in nats per step, at which a net's Jacobians stretch or shrink directions. Above 0 gradients explode over long spans, below they vanish.",
            ("rnnzoo lyapunov", "a fresh vanilla RNN of 128 units"),
            ("rnnzoo lyapunov --cell lstm --init forget-bias --seed 7 --json > exponents.json", "an LSTM with forget bias 1, results for programs"))
    {
        AddOptions(_cell, _hidden, _gain, _init, _weights, _net, _steps, _warmUp, _exponents, _input, _seed, _json, _output, _formats);
        SetAction((parsed, cancellation) => Task.FromResult(
            new LyapunovRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output), parsed.GetValue(_formats)!.Items).Run(cancellation)));
    }

    private LyapunovSettings Read(ParseResult parsed)
    {
        var weights = parsed.GetValue(_weights);
        Option[] ofFreshNets = [_hidden, _gain, _init];
        if (weights is not null && ofFreshNets.FirstOrDefault(option => IsGiven(parsed, option)) is { } wrong)
        {
            throw new UsageException($"{wrong.Name}: expected none together with --weights, where the file decides; leave one of the two out.");
        }

        if (weights is null && parsed.GetValue(_net) is not null)
        {
            throw new UsageException("--net: expected none without --weights, for a fresh net is one alone; leave it out.");
        }

        var (cell, gain) = (parsed.GetValue(_cell)!, parsed.GetValue(_gain));
        var init = parsed.GetValue(_init) ?? RecurrentNets.Named(cell).Starts[0];
        if (!RecurrentNets.Named(cell).Fits(init))
        {
            throw new UsageException($"--init: expected one that fits {cell} ({string.Join(", ", RecurrentNets.Named(cell).Starts)}), got '{init}'.");
        }

        if (gain is not null && !RecurrentNets.Named(cell).Cell.IsSubclassOf(typeof(GatedCell)))
        {
            throw new UsageException($"--gain: expected none for {cell}, for it scales the blocks of {string.Join(", ", RecurrentNets.All.Where(net => net.Cell.IsSubclassOf(typeof(GatedCell))).Select(net => net.Name))} alone; leave it out.");
        }

        return new LyapunovSettings(
            Cell: cell,
            Hidden: parsed.GetValue(_hidden),
            Gain: gain,
            Init: init,
            Weights: weights,
            OfWeights: weights is not null && IsGiven(parsed, _cell) ? parsed.GetValue(_cell) : null,
            Net: parsed.GetValue(_net),
            Steps: parsed.GetValue(_steps),
            WarmUp: parsed.GetValue(_warmUp),
            Exponents: parsed.GetValue(_exponents),
            Input: parsed.GetValue(_input),
            Seed: parsed.GetValue(_seed));
    }
}

/// <summary>What to measure: the values of the options, which say what each is.</summary>
internal sealed record LyapunovSettings(
    string Cell, int Hidden, double? Gain, string Init, string? Weights, string? OfWeights, string? Net, int Steps, int WarmUp, int Exponents, double Input, long Seed);

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class LyapunovRun(CliHost host, LyapunovSettings settings, bool json, string? outputFolder, IReadOnlyList<string> formats)
{
    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        OutputFolder.Check(host, outputFolder);
        using var net = InputException.Read("--weights", () => LyapunovNet.Create(settings, host.WorkingDirectory));
        if (net.Others.Count > 0)
        {
            host.Error.WriteLine($"{settings.Weights}: read as {net.Cell}; {string.Join(", ", net.Others)} {(net.Others.Count == 1 ? "has" : "have")} the same parameters, which --cell says.");
        }

        var results = Measure(net, cancellation);
        var folder = OutputFolder.Make(host, outputFolder, "lyapunov");
        LyapunovReport.Write(host, settings, net, results, folder, json, formats, watch.Elapsed);
        return ExitCodes.Success;
    }

    private List<LyapunovResult> Measure(LyapunovNet net, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var steps = settings.WarmUp + settings.Steps;
        using var generator = new Generator((ulong)Seeds.Derive(settings.Seed, "input"));
        var input = randn([steps, 1, net.Module.InputSize], dtype: ScalarType.Float64, generator: generator).mul(Scalars.Of(settings.Input)); // [T, 1, I]
        var results = new List<LyapunovResult>();
        for (var layer = 0; layer < net.Module.NumLayers; layer++)
        {
            for (var direction = 0; direction < net.Module.NumDirections; direction++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var trajectory = JacobianTrajectory.Of(net.Module, input, layer: layer, direction: direction, cancellation: cancellation);
                var measured = LyapunovExponents.Of(trajectory, new LyapunovOptions
                {
                    Count = (int)Math.Min(settings.Exponents, trajectory.StateSize),
                    WarmUp = settings.WarmUp,
                    Seed = (int)(Seeds.Derive(settings.Seed, "directions") & int.MaxValue),
                }, cancellation);
                results.Add(new LyapunovResult(layer, direction, measured, trajectory.Cell is VanillaRnnCell vanilla ? PowerLaw.Of(vanilla) : null));
            }
        }

        return results;
    }
}

/// <summary>The net to measure, in float64: fresh, or read from a file.</summary>
/// <param name="Module">The net.</param>
/// <param name="Cell">Its name in the registry.</param>
/// <param name="Part">What its name is in a file that holds several; else null.</param>
internal sealed record LyapunovNet(IRecurrentModule Module, string Cell, string? Part = null) : IDisposable
{
    /// <summary>Which other nets of the registry the file may hold as well: their parameters have the same names and shapes.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>The cell and, of a file with several nets, which it is.</summary>
    public string Name => Part is null ? Cell : $"{Cell} ({Part})";

    private const int FreshInputs = 10;

    public static LyapunovNet Create(LyapunovSettings settings, string workingDirectory)
    {
        if (settings.Weights is { } file)
        {
            return WeightsFile.Read(Path.Combine(workingDirectory, file), settings.Net, settings.OfWeights);
        }

        manual_seed(Seeds.Derive(settings.Seed, "weights"));
        var net = RecurrentNets.Named(settings.Cell).Make(new NetOptions(FreshInputs, settings.Hidden) { DType = ScalarType.Float64 });
        using var generator = new Generator((ulong)Seeds.Derive(settings.Seed, "initialisation"));
        Initialisers.Named(settings.Init, settings.Steps).Apply(net, generator);
        if (settings.Gain is { } gain)
        {
            Scale((GatedCell)net.CellAt(0), gain);
        }

        return new LyapunovNet(net, settings.Cell);
    }

    public void Dispose() => ((nn.Module)Module).Dispose();

    /// <summary>Gives each gate's recurrent block a spectral norm.</summary>
    private static void Scale(GatedCell cell, double gain)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        for (var gate = 0; gate < cell.Gates.Count; gate++)
        {
            var block = cell.weight_hh.narrow(0, gate * cell.HiddenSize, cell.HiddenSize); // [H, H]
            block.mul_(Scalars.Of(gain / linalg.svdvals(block).max().item<double>()));
        }
    }
}

/// <summary>What was measured in one layer and direction.</summary>
/// <param name="Layer">From 0.</param>
/// <param name="Direction">0 forwards, 1 backwards.</param>
/// <param name="Measured">The exponents.</param>
/// <param name="Law">What the recurrent matrix of a vanilla net says; null for others.</param>
internal sealed record LyapunovResult(int Layer, int Direction, LyapunovExponents Measured, PowerLaw? Law)
{
    public string Name => $"layer {Layer}" + (Direction == 1 ? " backwards" : "");
}

/// <summary>Reads safetensors, or a state dict that TorchSharp's <c>module.save</c> wrote, and makes the recurrent net that is in it.</summary>
internal static partial class WeightsFile
{
    private const string Anchor = "weight_ih_l0"; // every net has it

    /// <summary>The recurrent net of a file: the first of the registry that has its parameters, and which others have them. What else the file holds, as a readout, is left aside.</summary>
    /// <param name="path">The file, or a folder that holds exactly one.</param>
    /// <param name="wanted">The net's name in a file that holds several; else null.</param>
    /// <param name="cell">What net it is; null for the first that fits.</param>
    /// <exception cref="InvalidDataException">The file is none, or holds no recurrent net.</exception>
    /// <exception cref="UsageException">The file holds several nets, or none of that name, or another than the wanted.</exception>
    public static LyapunovNet Read(string path, string? wanted, string? cell)
    {
        using var scope = NewDisposeScope();
        var entries = Entries(Locate(path));
        var prefixes = entries.Keys.Where(key => key.EndsWith(Anchor, StringComparison.Ordinal)).Select(key => key[..^Anchor.Length]).ToArray();
        if (prefixes.Length == 0)
        {
            throw new InvalidDataException($"{path}: expected a recurrent net with a parameter {Anchor}, found {string.Join(", ", entries.Keys.Take(8))}.");
        }

        var names = Array.ConvertAll(prefixes, prefix => prefix.TrimEnd('.'));
        var index = wanted is null && names.Length == 1 ? 0 : Array.IndexOf(names, wanted?.TrimEnd('.'));
        if (index < 0)
        {
            throw new UsageException($"--net: expected which net of {path} to measure ({string.Join(", ", names)}), got {(wanted is null ? "none" : $"'{wanted}'")}.");
        }

        var prefix = prefixes[index];
        var own = entries.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal) && OfALayer().IsMatch(entry.Key))
            .ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value.to(ScalarType.Float64));
        (RecurrentNet Net, NetOptions Options)[] fitting = [.. RecurrentNets.All.Select(known => (known, OptionsOf(known, own))).Where(pair => pair.Item2 is not null).Select(pair => (pair.known, pair.Item2!))];
        var fits = Array.ConvertAll(fitting, pair => pair.Net.Name);
        if (fits.Length > 0 && cell is not null && !fits.Contains(cell))
        {
            throw new UsageException($"--cell: expected a net with the parameters of {path} ({string.Join(", ", fits)}), got '{cell}'.");
        }

        if (fits.Length > 0)
        {
            var (known, options) = fitting.First(pair => cell is null || pair.Net.Name == cell);
            var net = known.Make(options);
            ((nn.Module)net).load_state_dict(own);
            return new LyapunovNet(net, known.Name, names.Length > 1 ? names[index] : null) { Others = cell is null ? [.. fits.Skip(1)] : [] };
        }

        throw new InvalidDataException($"{path}: expected the parameters of one of {string.Join(", ", RecurrentNets.Names)}, found {string.Join(", ", own.Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value.shape)}]"))}.");
    }

    /// <summary>What makes a net with the names and shapes of these parameters; null if it has others.</summary>
    private static NetOptions? OptionsOf(RecurrentNet known, Dictionary<string, Tensor> own)
    {
        var anchor = own[Anchor].shape; // [G·H, I]
        if (anchor is not [> 0, > 0])
        {
            return null;
        }

        var options = new NetOptions(anchor[1], 1, own.Keys.Select(key => OfALayer().Match(key).Groups["layer"].Value).Distinct().Count())
        {
            Bidirectional = own.Keys.Any(key => key.EndsWith("_reverse", StringComparison.Ordinal)),
            Bias = !known.HasBias || own.Keys.Any(key => key.StartsWith("bias", StringComparison.Ordinal)),
            DType = ScalarType.Float64,
        };
        options = options with { HiddenSize = anchor[0] / known.ShapesOf(options)[Anchor][0] };
        var shapes = known.ShapesOf(options);
        return options.HiddenSize > 0 && shapes.Count == own.Count && shapes.All(pair => own.TryGetValue(pair.Key, out var found) && found.shape.SequenceEqual(pair.Value))
            ? options
            : null;
    }

    [GeneratedRegex(@"_l(?<layer>\d+)(_reverse)?$")]
    private static partial Regex OfALayer();

    private static string Locate(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? path : throw new InvalidDataException($"{path}: expected a file or folder of weights, found none.");
        }

        var files = Directory.GetFiles(path).Where(file => IsSafe(file) || file.EndsWith(".dat", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        return files.Length == 1
            ? files[0]
            : throw new InvalidDataException($"{path}: expected one file of weights (*.safetensors, *.dat), found {(files.Length == 0 ? "none" : string.Join(", ", files.Select(Path.GetFileName)) + "; name one of them")}.");
    }

    private static bool IsSafe(string file) => file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);

    private static Dictionary<string, Tensor> Entries(string file)
    {
        if (!IsSafe(file))
        {
            return TorchSharpFile.Load(file);
        }

        using var opened = SafeTensorsFile.Open(file);
        return opened.Entries.Where(entry => entry.Type is not null).ToDictionary(entry => entry.Name, entry => opened.Read(entry.Name));
    }
}
