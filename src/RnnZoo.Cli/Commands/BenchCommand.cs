using System.CommandLine;
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
