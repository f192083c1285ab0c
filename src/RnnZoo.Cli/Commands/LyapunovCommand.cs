using System.CommandLine;
using RnnZoo.Cells;
using RnnZoo.Cli.Options;
using RnnZoo.Modules;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo lyapunov`: at which rates a net's Jacobians stretch and shrink, so how its gradients vanish or explode.</summary>
internal sealed class LyapunovCommand : ExampleCommand
{
    private readonly ValueOption<string> _cell = Values.Choice("--cell", "The cell of a fresh net", RecurrentNets.Names, "vanilla");
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "The hidden size of a fresh net", 1, 128);
    private readonly ValueOption<double?> _gain = Values.Optional<double>(
        "--gain", "The spectral norm that each recurrent block of a fresh net is scaled to; by default as initialised", "a number above 0", value => value > 0);

    private readonly ValueOption<string?> _init = Values.Text(
        "--init", $"The initialisation of a fresh net ({string.Join(", ", RecurrentNets.Starts)}; joined by + they fill on top of each other); by default the net's own",
        $"names of {string.Join(", ", RecurrentNets.Starts)}, joined by +",
        Initialisers.IsNamed);

    private readonly ValueOption<string?> _weights = Values.Text(
        "--weights", "Measure the recurrent net in this file in place of a fresh one: safetensors, or a state dict as module.save writes it (compare leaves some in its run folder); a vanilla net is taken for one with tanh", "a file");

    private readonly ValueOption<int> _steps = Values.Whole("--steps", "How many steps to measure", 1, 10_000);
    private readonly ValueOption<int> _warmUp = Values.Whole("--warm-up", "How many steps turn the directions into place before", 0, 500);
    private readonly ValueOption<int> _exponents = Values.Whole("--exponents", "How many of the largest exponents; never more than the state has numbers", 1, 8);
    private readonly ValueOption<double> _input = Values.NotNegative("--input", "The standard deviation of the random input; 0 for none", 1);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<string?> _output = Values.Output("lyapunov");

    public LyapunovCommand(CliHost host)
        : base(
            "lyapunov",
            "Measures Lyapunov exponents: the rates, in nats per step, at which a net's Jacobians stretch or shrink directions. Above 0 gradients explode over long spans, below they vanish.",
            ("rnnzoo lyapunov", "a fresh vanilla RNN of 128 units"),
            ("rnnzoo lyapunov --cell lstm --init forget-bias --seed 7 --json > exponents.json", "an LSTM with forget bias 1, results for programs"))
    {
        AddOptions(_cell, _hidden, _gain, _init, _weights, _steps, _warmUp, _exponents, _input, _seed, _json, _output);
        SetAction((parsed, cancellation) => Task.FromResult(
            new LyapunovRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output)).Run(cancellation)));
    }

    private LyapunovSettings Read(ParseResult parsed)
    {
        var weights = parsed.GetValue(_weights);
        Option[] ofFreshNets = [_cell, _hidden, _gain, _init];
        if (weights is not null && ofFreshNets.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } wrong)
        {
            throw new UsageException($"{wrong.Name}: expected none together with --weights, where the file decides; leave one of the two out.");
        }

        var (cell, gain) = (parsed.GetValue(_cell)!, parsed.GetValue(_gain));
        var init = parsed.GetValue(_init) ?? RecurrentNets.Named(cell).Starts[0];
        if (!RecurrentNets.Named(cell).Fits(init))
        {
            throw new UsageException($"--init: expected one that fits {cell} ({string.Join(", ", RecurrentNets.Named(cell).Starts)}), got '{init}'.");
        }

        if (gain is not null && !RecurrentNets.Named(cell).Cell.IsSubclassOf(typeof(GatedCell)))
        {
            throw new UsageException($"--gain: expected none for {cell}, which has no recurrent block to scale; leave it out.");
        }

        return new LyapunovSettings(
            Cell: cell,
            Hidden: parsed.GetValue(_hidden),
            Gain: gain,
            Init: init,
            Weights: weights,
            Steps: parsed.GetValue(_steps),
            WarmUp: parsed.GetValue(_warmUp),
            Exponents: parsed.GetValue(_exponents),
            Input: parsed.GetValue(_input),
            Seed: parsed.GetValue(_seed));
    }
}

/// <summary>What to measure, and how.</summary>
/// <param name="Cell">The name of a fresh net.</param>
/// <param name="Hidden">The hidden size of a fresh net.</param>
/// <param name="Gain">The spectral norm that each recurrent block of a fresh net is scaled to; null leaves the initialisation as it is.</param>
/// <param name="Init">The initialisation of a fresh net.</param>
/// <param name="Weights">A state dict to measure in place of a fresh net.</param>
/// <param name="Steps">How many steps are measured.</param>
/// <param name="WarmUp">How many steps turn the directions into place before.</param>
/// <param name="Exponents">How many of the largest exponents are measured, at most.</param>
/// <param name="Input">The standard deviation of each step's random input.</param>
/// <param name="Seed">Where all randomness comes from.</param>
internal sealed record LyapunovSettings(
    string Cell, int Hidden, double? Gain, string Init, string? Weights, int Steps, int WarmUp, int Exponents, double Input, long Seed);
