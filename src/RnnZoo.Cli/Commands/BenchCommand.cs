using System.CommandLine;
using System.Globalization;
using RnnZoo.Cli.Options;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo bench`: how fast each way to the gradient is, and how much of the machine it uses.</summary>
internal sealed class BenchCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _cells = Values.Choices("--cells", "The cells to measure", RecurrentNets.Names, ["vanilla", "gru", "lstm"]);

    private readonly ValueOption<ValueList<string>> _paths = Values.Choices(
        "--paths", "The ways to measure side by side, of each cell those that it has; native is TorchSharp's own nn.RNN, nn.GRU or nn.LSTM; train:… is a whole training step on the copy task, where the size fits it", BenchPaths.All, BenchPaths.All);

    private readonly ValueOption<ValueList<BenchSize>> _sizes = Values.List<BenchSize>(
        "--sizes", "Batch, steps, input and hidden size", "a comma-separated list of sizes BxTxIxH, as in 32x100x10x128, none twice", BenchSize.TryParse,
        [new(32, 100, 10, 128), new(32, 1000, 10, 128), new(20, 35, 200, 200), new(64, 256, 128, 512), new(1, 1000, 16, 64)]);

    private readonly ValueOption<ValueList<int>> _threads = Values.WholeList(
        "--threads", "Thread counts", Environment.ProcessorCount == 1 ? [1] : [1, Environment.ProcessorCount]);

    private readonly ValueOption<double> _seconds = Values.NotNegative(
        "--seconds", "For how long the paths of one cell, size and thread count take turns at least", 1);

    private readonly Option<bool> _forward = Values.Flag("--forward", "Measure the forward pass alone, without gradients");
    private readonly Option<bool> _json = Values.Json();

    public BenchCommand(CliHost host)
        : base(
            "bench",
            "Measures time and memory of one training step (forward and backward) for each way to the gradient, by turns in one run, and the share of the machine's float32 peak.",
            ("rnnzoo bench", "three cells, all ways and sizes, on one and on all threads"),
            ("rnnzoo bench --cells lstm --sizes 32x100x10x128 --paths native,handwritten --json > bench.json", "two ways of one net, results for programs"))
    {
        AddOptions(_cells, _paths, _sizes, _threads, _seconds, _forward, _json);
        SetAction((parsed, cancellation) => new BenchRun(host, Read(parsed), parsed.GetValue(_json)).RunAsync(cancellation));
    }

    private BenchSettings Read(ParseResult parsed)
    {
        var settings = new BenchSettings(
            parsed.GetValue(_cells)!.Items, parsed.GetValue(_paths)!.Items, parsed.GetValue(_sizes)!.Items, parsed.GetValue(_threads)!.Items, parsed.GetValue(_seconds), parsed.GetValue(_forward));
        if (settings.Forward && !settings.Paths.Any(path => path is "autograd" or "native" or "handwritten"))
        {
            throw new UsageException($"--paths: expected autograd, native or handwritten beside --forward, got {string.Join(", ", settings.Paths)}, which have no forward pass of their own.");
        }

        if (!settings.Paths.Any(path => settings.Cells.Any(cell => BenchPaths.IsOf(path, cell))))
        {
            throw new UsageException($"--paths: expected a way of {string.Join(", ", settings.Cells)}, got {string.Join(", ", settings.Paths)}; choose another one, or other --cells.");
        }

        return settings.Groups().Any()
            ? settings
            : throw new UsageException($"--paths: expected a size that the copy task fits (I = {CopyWorkload.InputSize}, T above {2 * CopyWorkload.Symbols}) for {string.Join(", ", settings.Paths)}, got {string.Join(", ", settings.Sizes)}.");
    }
}

/// <summary>What to measure.</summary>
/// <param name="Cells">Names of nets.</param>
/// <param name="Paths">Names of <see cref="BenchPaths"/>.</param>
/// <param name="Sizes">The layers' sizes.</param>
/// <param name="Threads">Thread counts.</param>
/// <param name="Seconds">How long the paths of one cell, size and thread count are measured at least.</param>
/// <param name="Forward">Whether the forward pass is measured alone, without gradients.</param>
internal sealed record BenchSettings(
    IReadOnlyList<string> Cells, IReadOnlyList<string> Paths, IReadOnlyList<BenchSize> Sizes, IReadOnlyList<int> Threads, double Seconds, bool Forward)
{
    /// <summary>What is measured side by side.</summary>
    public IEnumerable<BenchGroup> Groups() =>
        from size in Sizes
        from cell in Cells
        let flops = size.Flops(cell)
        let paths = Paths.Where(path => BenchPaths.IsOf(path, cell) && BenchPaths.Fits(path, size, flops, Forward)).ToArray()
        where paths.Length > 0
        from threads in Threads
        select new BenchGroup(cell, size, threads, paths, Forward) { Flops = flops };
}

/// <summary>Ways to the same result, measured by turns.</summary>
internal sealed record BenchGroup(string Cell, BenchSize Size, int Threads, IReadOnlyList<string> Paths, bool Forward = false)
{
    /// <summary>The arithmetic of one training step.</summary>
    public double Flops { get; init; }
}

/// <summary>The size of one measured layer.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="Input">I.</param>
/// <param name="Hidden">H.</param>
internal sealed record BenchSize(int Batch, int Steps, int Input, int Hidden)
{
    /// <summary>Whether the copy task fits: ten input classes, ten symbols and a delay of at least one step.</summary>
    public bool FitsCopyTask => Input == CopyWorkload.InputSize && Steps > 2 * CopyWorkload.Symbols;

    /// <summary>
    /// The arithmetic of one training step: 2 operations per multiply-add, 3 products (forward, gradient of the inputs,
    /// gradient of the weights) of T·B rows with the cell's matrices, G·H by I + H. No other work counts.
    /// </summary>
    public double Flops(string cell)
    {
        using var net = (nn.Module)RecurrentNets.Named(cell).Make(new NetOptions(Input, Hidden));
        return 6.0 * Steps * Batch * net.parameters().Where(parameter => parameter.dim() == 2).Sum(matrix => matrix.numel());
    }

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
}
