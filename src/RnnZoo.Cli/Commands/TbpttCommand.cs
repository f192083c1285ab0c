using System.CommandLine;
using System.Globalization;
using RnnZoo.Cli.Options;
using RnnZoo.Modules;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo tbptt`: what truncated backpropagation through time saves, and what it costs.</summary>
internal sealed class TbpttCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _chunks = Values.List<string>(
        "--k", "The chunk lengths to measure; full for the whole stream at once", "a comma-separated list of whole numbers of at least 1, or full, none twice",
        ReadChunk, ["1", "5", "10", "35", "100", TbpttSettings.Name(TbpttSettings.Full)]);

    private readonly ValueOption<string> _cell = Values.Choice("--cell", "The cell of the net", RecurrentNets.Names, "lstm");
    private readonly ValueOption<int> _length = Values.Whole("--length", "T: the steps of the measured stream; full takes about 0.15 MB for each step", 1, 10_000);
    private readonly ValueOption<int> _batch = Values.Whole("--batch", "B: how many streams side by side", 1, 20);
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "H: the hidden size of the measured net", 1, 128);
    private readonly ValueOption<int> _delay = Values.Whole("--delay", "How many steps lie between a cue and the question for it", 1, 20);
    private readonly ValueOption<int> _updates = Values.Whole("--updates", "How many updates each training makes at most; 0 for no training", 0, 1_500);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<string?> _output = Values.Output("tbptt");

    public TbpttCommand(CliHost host)
        : base(
            "tbptt",
            "Measures what backpropagation in chunks of k steps saves in memory, takes in time, and does to the gradient and to what a net can learn.",
            ("rnnzoo tbptt", "the whole trade, full backpropagation of 10,000 steps included (1.6 GB)"),
            ("rnnzoo tbptt --k 35 --length 100000 --updates 0 --json > tbptt.json", "memory does not depend on the length; results for programs"))
    {
        AddOptions(_chunks, _cell, _length, _batch, _hidden, _delay, _updates, _seed, _json, _output);
        SetAction((parsed, cancellation) => new TbpttRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output)).RunAsync(cancellation));
    }

    private TbpttSettings Read(ParseResult parsed)
    {
        var settings = new TbpttSettings(
            Cell: parsed.GetValue(_cell)!,
            Chunks: [.. parsed.GetValue(_chunks)!.Items.Select(ToChunk)],
            Length: parsed.GetValue(_length),
            Batch: parsed.GetValue(_batch),
            Hidden: parsed.GetValue(_hidden),
            Delay: parsed.GetValue(_delay),
            Updates: parsed.GetValue(_updates),
            Seed: parsed.GetValue(_seed));
        if (settings.Length <= settings.Delay)
        {
            throw new UsageException($"--length: expected more than the {settings.Delay} steps of --delay, or no question is asked, got {settings.Length}.");
        }

        var longest = settings.Chunks.Max();
        return longest <= settings.Length
            ? settings
            : throw new UsageException($"--k: expected at most the {settings.Length} steps of --length, or full, got {longest}.");
    }

    private static bool ReadChunk(string text, out string value)
    {
        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var chunk);
        value = isNumber ? TbpttSettings.Name(chunk) : text; // 05 is 5
        return isNumber ? chunk >= 1 : text == TbpttSettings.Name(TbpttSettings.Full);
    }

    private static int ToChunk(string name) => name == TbpttSettings.Name(TbpttSettings.Full) ? TbpttSettings.Full : int.Parse(name);
}

/// <summary>What to measure.</summary>
/// <param name="Cell">The name of the net.</param>
/// <param name="Chunks">The values of k, <see cref="Full"/> for the whole stream.</param>
/// <param name="Length">T: the steps of the measured stream.</param>
/// <param name="Batch">B.</param>
/// <param name="Hidden">H.</param>
/// <param name="Delay">D: how many steps lie between a cue and the question for it.</param>
/// <param name="Updates">How many updates each training makes at most; 0 for no training.</param>
/// <param name="Seed">Where all randomness comes from.</param>
internal sealed record TbpttSettings(string Cell, IReadOnlyList<int> Chunks, int Length, int Batch, int Hidden, int Delay, int Updates, long Seed)
{
    /// <summary>The name of full backpropagation through time among the values of k: chunks as long as the stream.</summary>
    public const int Full = 0;

    /// <summary>How a value of k is written.</summary>
    public static string Name(int chunk) => chunk == Full ? "full" : $"{chunk}";
}
