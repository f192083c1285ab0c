using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Modules;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo flow`: how far back in time a gradient reaches.</summary>
internal sealed class FlowCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _models = Values.Choices("--models", "The nets to measure", FlowNets.Models, ["linear", "vanilla", "lstm", "gru"]);

    private readonly ValueOption<ValueList<double>> _norms = Values.PositiveList(
        "--norms", "The spectral norms of W in the linear and the vanilla nets", [0.5, 0.9, 1.0, 1.1, 1.5]);

    private readonly ValueOption<int> _length = Values.Whole("--length", "The steps of a sequence: the largest distance", 1, 100);
    private readonly ValueOption<int> _sequences = Values.Whole("--sequences", "How many sequences a curve is the mean of", 1, 16);
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "The hidden size of each net", 1, 128);
    private readonly ValueOption<ValueList<string>> _train = Values.Choices(
        "--train", "The nets to watch in training on the copy task", RecurrentNets.Names, ["vanilla", "lstm"]);

    private readonly Option<bool> _noTraining = Values.Flag("--no-training", "Measure fresh nets only");
    private readonly ValueOption<int> _steps = Values.Whole("--steps", "The steps of each training", 1, 600);
    private readonly ValueOption<int> _delay = Values.Whole("--delay", "For how many steps to remember in training", 1, 20);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<string?> _output = Values.Output("flow");

    public FlowCommand(CliHost host)
        : base(
            "flow",
            "Measures how a gradient shrinks or grows on its way back through time, in fresh nets and in training.",
            ("rnnzoo flow", "four nets over 100 steps, and a vanilla RNN and an LSTM in training"),
            ("rnnzoo flow --models linear,vanilla --norms 0.8,1,1.2 --length 300 --no-training --json > flow.json", "the law and its bound, other norms, results for programs"))
    {
        AddOptions(_models, _norms, _length, _sequences, _hidden, _train, _noTraining, _steps, _delay, _seed, _json, _output);
        SetAction((parsed, cancellation) => Task.FromResult(
            new FlowRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output)).Run(cancellation)));
    }

    private FlowSettings Read(ParseResult parsed) => new(
        Models: parsed.GetValue(_models)!.Items,
        Norms: parsed.GetValue(_norms)!.Items,
        Length: parsed.GetValue(_length),
        Sequences: parsed.GetValue(_sequences),
        Hidden: parsed.GetValue(_hidden),
        Seed: parsed.GetValue(_seed),
        Trained: parsed.GetValue(_noTraining) ? NoneTrained(parsed) : parsed.GetValue(_train)!.Items,
        Steps: parsed.GetValue(_steps),
        Delay: parsed.GetValue(_delay));

    private IReadOnlyList<string> NoneTrained(ParseResult parsed) => parsed.GetResult(_train) is { Implicit: false }
        ? throw new UsageException("--train: expected none together with --no-training; leave one of the two out.")
        : [];
}

/// <summary>What to measure.</summary>
/// <param name="Models">Names of <see cref="FlowNets"/>.</param>
/// <param name="Norms">The factors of the orthogonal W of the linear and the vanilla nets: its spectral norm.</param>
/// <param name="Length">T: the steps of a sequence, and so the largest distance.</param>
/// <param name="Sequences">B: the sequences that a curve is the mean of.</param>
/// <param name="Hidden">H of every net.</param>
/// <param name="Seed">Where all randomness comes from.</param>
/// <param name="Trained">The nets to watch in training; may be empty.</param>
/// <param name="Steps">The steps of each training.</param>
/// <param name="Delay">The delay of the copy task in training.</param>
internal sealed record FlowSettings(
    IReadOnlyList<string> Models, IReadOnlyList<double> Norms, int Length, int Sequences, int Hidden, long Seed, IReadOnlyList<string> Trained,
    int Steps, int Delay);
