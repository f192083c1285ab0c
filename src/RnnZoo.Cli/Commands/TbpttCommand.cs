using System.CommandLine;
using System.Globalization;
using RnnZoo.Cli.Options;
using RnnZoo.Training;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo tbptt`: what truncated backpropagation through time saves, and what it costs.</summary>
internal sealed class TbpttCommand
{
    private readonly ValueOption<ValueList<string>> _chunks = Values.List<string>(
        "--k", "The chunk lengths to measure; full for the whole stream at once", "a comma-separated list of whole numbers of at least 1, or full, none twice",
        ReadChunk, [.. TbpttSettings.DefaultChunks.Select(TbpttSettings.Name)]);

    private readonly ValueOption<string> _cell = Values.Choice("--cell", "The cell of the net", CompareDefaults.NativeModels, "lstm");
    private readonly ValueOption<int> _length = Values.Whole("--length", "T: the steps of the measured stream; full takes about 0.15 MB for each step", 1, TbpttSettings.DefaultLength);
    private readonly ValueOption<int> _batch = Values.Whole("--batch", "B: how many streams side by side", 1, TbpttSettings.DefaultBatch);
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "H: the hidden size of the measured net", 1, TbpttSettings.DefaultHidden);
    private readonly ValueOption<int> _delay = Values.Whole("--delay", "How many steps lie between a cue and the question for it", 1, TbpttSettings.DefaultDelay);
    private readonly ValueOption<int> _updates = Values.Whole("--updates", "How many updates each training makes at most; 0 for no training", 0, TbpttSettings.DefaultUpdates);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", TbpttSettings.DefaultSeed);
    private readonly Option<bool> _json = new("--json") { Description = "Print the results as one JSON document, and nothing else, on standard output" };
    private readonly ValueOption<string?> _output = Values.Text(
        "--output", "The folder to write into, replacing earlier results there; by default a new one, runs/<time>-tbptt", "a folder");

    private TbpttCommand()
    {
    }

    public static Command Create(CliHost host)
    {
        var options = new TbpttCommand();
        var command = new ExampleCommand(
            "tbptt",
            "Measures what backpropagation in chunks of k steps saves in memory, takes in time, and does to the gradient and to what a net can learn.",
            ("rnnzoo tbptt", "the whole trade, full backpropagation of 10,000 steps included (1.6 GB)"),
            ("rnnzoo tbptt --k 35 --length 100000 --updates 0 --json > tbptt.json", "memory does not depend on the length; results for programs"))
        {
            options._chunks, options._cell, options._length, options._batch, options._hidden, options._delay, options._updates, options._seed, options._json, options._output,
        };
        command.SetAction((parsed, cancellation) =>
            new TbpttRun(host, options.Read(parsed), parsed.GetValue(options._json), parsed.GetValue(options._output)).RunAsync(cancellation));
        return command;
    }

    /// <summary>What `tbptt` calls in processes of their own.</summary>
    public static Command CreateRow(CliHost host)
    {
        var job = new Argument<string>("job");
        var command = new Command(RowJob.Command, "Does the work of one row, and prints what came of it as JSON.") { job };
        command.Hidden = true;
        command.SetAction(parsed => host.Output.WriteLine(RowJob.RunHere(parsed.GetValue(job)!)));
        return command;
    }

    private TbpttSettings Read(ParseResult parsed)
    {
        var settings = new TbpttSettings
        {
            Cell = parsed.GetValue(_cell)!,
            Chunks = [.. parsed.GetValue(_chunks)!.Items.Select(ToChunk)],
            Length = parsed.GetValue(_length),
            Batch = parsed.GetValue(_batch),
            Hidden = parsed.GetValue(_hidden),
            Delay = parsed.GetValue(_delay),
            Updates = parsed.GetValue(_updates),
            Seed = parsed.GetValue(_seed),
        };
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

    private static int ToChunk(string name) => name == TbpttSettings.Name(TbpttSettings.Full) ? TbpttSettings.Full : int.Parse(name, CultureInfo.InvariantCulture);
}

/// <summary>What to measure.</summary>
internal sealed record TbpttSettings
{
    /// <summary>The name of full backpropagation through time among the values of k: chunks as long as the stream.</summary>
    public const int Full = 0;

    public const int DefaultLength = 10_000;
    public const int DefaultBatch = 20;
    public const int DefaultHidden = 128;
    public const int DefaultDelay = 20;
    public const int DefaultUpdates = 1_500;
    public const long DefaultSeed = 1;

    public static IReadOnlyList<int> DefaultChunks { get; } = [1, 5, 10, 35, 100, Full];

    /// <summary>vanilla, lstm or gru.</summary>
    public required string Cell { get; init; }

    /// <summary>The values of k, <see cref="Full"/> for the whole stream.</summary>
    public required IReadOnlyList<int> Chunks { get; init; }

    /// <summary>T: the steps of the measured stream.</summary>
    public required int Length { get; init; }

    /// <summary>B.</summary>
    public required int Batch { get; init; }

    /// <summary>H.</summary>
    public required int Hidden { get; init; }

    /// <summary>D: how many steps lie between a cue and the question for it.</summary>
    public required int Delay { get; init; }

    /// <summary>How many updates each training makes at most; 0 for no training.</summary>
    public required int Updates { get; init; }

    public required long Seed { get; init; }

    /// <summary>How a value of k is written.</summary>
    public static string Name(int chunk) => chunk == Full ? "full" : FormattableString.Invariant($"{chunk}");
}
