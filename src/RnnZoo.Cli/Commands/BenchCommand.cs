using System.CommandLine;
using System.Globalization;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo bench`: how fast each way to the gradient is, and how much of the machine it uses.</summary>
internal sealed class BenchCommand
{
    private readonly ValueOption<ValueList<string>> _cells = Values.Choices(
        "--cells", "The cells to measure", BenchSettings.AllCells, BenchSettings.AllCells);

    private readonly ValueOption<ValueList<string>> _paths = Values.Choices(
        "--paths", "The ways to measure side by side; native is TorchSharp's own nn.RNN, nn.GRU or nn.LSTM; train:… is a whole training step on the copy task, where the size fits it", BenchPaths.All, BenchPaths.All);

    private readonly ValueOption<ValueList<BenchSize>> _sizes = Values.List<BenchSize>(
        "--sizes", "Batch, steps, input and hidden size", BenchSize.Expected, BenchSize.TryParse, BenchSettings.DefaultSizes);

    private readonly ValueOption<ValueList<int>> _threads = Values.WholeList(
        "--threads", "Thread counts", BenchSettings.DefaultThreads);

    private readonly ValueOption<double> _seconds = Values.NotNegative(
        "--seconds", "For how long the paths of one cell, size and thread count take turns at least", 1);

    private readonly Option<bool> _forward = new("--forward") { Description = "Measure the forward pass alone, without gradients" };

    private readonly Option<bool> _json = new("--json") { Description = "Print the results as one JSON document, and nothing else, on standard output" };

    private BenchCommand()
    {
    }

    public static Command Create(CliHost host)
    {
        var options = new BenchCommand();
        var command = new ExampleCommand(
            "bench",
            "Measures time and memory of one training step (forward and backward) for each way to the gradient, by turns in one run, and the share of the machine's float32 peak.",
            ("rnnzoo bench", "all cells, ways and sizes, on one and on all threads"),
            ("rnnzoo bench --cells lstm --sizes 32x100x10x128 --paths native,handwritten --json > bench.json", "two ways of one net, results for programs"))
        {
            options._cells, options._paths, options._sizes, options._threads, options._seconds, options._forward, options._json,
        };
        command.SetAction((parsed, cancellation) => new BenchRun(host, options.Read(parsed), parsed.GetValue(options._json)).RunAsync(cancellation));
        return command;
    }

    /// <summary>What `bench` calls in processes of their own.</summary>
    public static Command CreateMemory(CliHost host)
    {
        var path = new Argument<string>("path");
        var cell = new Argument<string>("cell");
        var size = new Argument<string>("size");
        var threads = new Argument<int>("threads");
        var forward = new Option<bool>("--forward");
        var command = new Command(MemoryProbe.Command, "Prints the peak memory of one training step in bytes.") { path, cell, size, threads, forward };
        command.Hidden = true;
        command.SetAction(parsed => host.Output.WriteLine(
            BenchSize.TryParse(parsed.GetValue(size)!, out var wanted)
                ? MemoryProbe.Measure(parsed.GetValue(path)!, parsed.GetValue(cell)!, wanted, parsed.GetValue(threads), parsed.GetValue(forward))
                : throw new UsageException($"size: expected BxTxIxH, got '{parsed.GetValue(size)}'.")));
        return command;
    }

    private BenchSettings Read(ParseResult parsed)
    {
        var settings = new BenchSettings(
            parsed.GetValue(_cells)!.Items, parsed.GetValue(_paths)!.Items, parsed.GetValue(_sizes)!.Items, parsed.GetValue(_threads)!.Items, parsed.GetValue(_seconds), parsed.GetValue(_forward));
        if (settings.Forward && !settings.Paths.Any(path => path is "autograd" or "native" or "handwritten"))
        {
            throw new UsageException($"--paths: expected autograd, native or handwritten beside --forward, got {string.Join(", ", settings.Paths)}, which have no forward pass of their own.");
        }

        return settings.Groups().Any()
            ? settings
            : throw new UsageException($"--paths: expected a size that the copy task fits (I = {CopyWorkload.InputSize}, T above {2 * CopyWorkload.Symbols}) for {string.Join(", ", settings.Paths)}, got {string.Join(", ", settings.Sizes)}.");
    }
}

/// <summary>What to measure.</summary>
/// <param name="Cells">vanilla, lstm, gru.</param>
/// <param name="Paths">Names of <see cref="BenchPaths"/>.</param>
/// <param name="Sizes">The layers' sizes.</param>
/// <param name="Threads">Thread counts.</param>
/// <param name="Seconds">How long the paths of one cell, size and thread count are measured at least.</param>
/// <param name="Forward">Whether the forward pass is measured alone, without gradients.</param>
internal sealed record BenchSettings(
    IReadOnlyList<string> Cells, IReadOnlyList<string> Paths, IReadOnlyList<BenchSize> Sizes, IReadOnlyList<int> Threads, double Seconds, bool Forward)
{
    public static IReadOnlyList<string> AllCells { get; } = ["vanilla", "gru", "lstm"];

    public static IReadOnlyList<BenchSize> DefaultSizes { get; } =
        [new(32, 100, 10, 128), new(32, 1000, 10, 128), new(20, 35, 200, 200), new(64, 256, 128, 512), new(1, 1000, 16, 64)];

    public static IReadOnlyList<int> DefaultThreads { get; } = Environment.ProcessorCount == 1 ? [1] : [1, Environment.ProcessorCount];

    /// <summary>What is measured side by side.</summary>
    public IEnumerable<BenchGroup> Groups() =>
        from size in Sizes
        from cell in Cells
        from threads in Threads
        let paths = Paths.Where(path => BenchPaths.Fits(path, cell, size, Forward)).ToArray()
        where paths.Length > 0
        select new BenchGroup(cell, size, threads, paths, Forward);
}

/// <summary>Ways to the same result, measured by turns.</summary>
internal sealed record BenchGroup(string Cell, BenchSize Size, int Threads, IReadOnlyList<string> Paths, bool Forward = false);

/// <summary>The size of one measured layer.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="Input">I.</param>
/// <param name="Hidden">H.</param>
internal sealed record BenchSize(int Batch, int Steps, int Input, int Hidden)
{
    public const string Expected = "a comma-separated list of sizes BxTxIxH, as in 32x100x10x128, none twice";

    /// <summary>Whether the copy task fits: ten input classes, ten symbols and a delay of at least one step.</summary>
    public bool FitsCopyTask => Input == CopyWorkload.InputSize && Steps > 2 * CopyWorkload.Symbols;

    /// <summary>
    /// The arithmetic of one training step: 2 operations per multiply-add, 3 products (forward, gradient of the inputs,
    /// gradient of the weights) over T·B rows of G·H by I + H. No other work counts.
    /// </summary>
    public double Flops(string cell) => 6.0 * Steps * Batch * Gates(cell) * Hidden * (Input + Hidden);

    public static bool TryParse(string text, out BenchSize size)
    {
        var parts = text.Split('x');
        var numbers = new int[4];
        var isSize = parts.Length == numbers.Length;
        for (var index = 0; isSize && index < numbers.Length; index++)
        {
            isSize = int.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[index]) && numbers[index] > 0;
        }

        size = new BenchSize(numbers[0], numbers[1], numbers[2], numbers[3]);
        return isSize;
    }

    public override string ToString() => $"{Batch}x{Steps}x{Input}x{Hidden}";

    private static int Gates(string cell) => cell switch
    {
        "vanilla" => 1,
        "gru" => 3,
        "lstm" => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "cell: expected vanilla, lstm or gru."),
    };
}
