using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Modules;
using RnnZoo.Zoo;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo bench`: how fast each way to the gradient is, and how much of the machine it uses.</summary>
internal sealed class BenchCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _cells = Values.Choices("--cells", "The cells to measure", RecurrentNets.Names, ["vanilla", "gru", "lstm"]);

    private readonly ValueOption<ValueList<string>> _paths = Values.Choices(
        "--paths", "The ways to measure side by side, of each cell those that it has; native is TorchSharp's own nn.RNN, nn.GRU or nn.LSTM; train:… is a whole training step on the copy task, where the size fits it; …+lengths a padded batch of lengths spread evenly up to T, native's as a PackedSequence", BenchPaths.All, BenchPaths.Usual);

    private readonly ValueOption<ValueList<BenchSize>> _sizes = Values.List<BenchSize>(
        "--sizes", "Batch, steps, input and hidden size", "a comma-separated list of sizes BxTxIxH, as in 32x100x10x128, none twice", BenchSize.TryParse,
        [new(32, 100, 10, 128), new(32, 1000, 10, 128), new(20, 35, 200, 200), new(64, 256, 128, 512), new(1, 1000, 16, 64)]);

    private readonly ValueOption<ValueList<int>> _threads = Values.WholeList(
        "--threads", "Thread counts", Environment.ProcessorCount == 1 ? [1] : [1, Environment.ProcessorCount], maximum: ModelRecipe.MostThreads); // libgomp ends the process where it cannot make them

    private readonly ValueOption<double> _seconds = Values.NotNegative(
        "--seconds", "For how long the paths of one cell, size and thread count take turns at least; with --grid three turns unless it is given", 1);

    private readonly Option<bool> _forward = Values.Flag("--forward", "Measure the forward pass alone, without gradients");
    private readonly Option<bool> _stepper = Values.Flag("--stepper", "Measure single steps without gradients, one after the other on one thread: the stepper beside the modules, and beside what the machine can do");
    private readonly Option<bool> _grid = Values.Flag("--grid", "Measure the hand-written path beside autograd and TorchSharp's own modules at 60 sizes, in training and forward alone: means, and where it is least ahead");
    private readonly ValueOption<string?> _output = Values.Text("--output", "With --grid: a folder for the results and their picture", "a folder");
    private readonly ValueOption<ValueList<string>> _formats = OutputFolder.Formats();
    private readonly Option<bool> _json = Values.Json();

    public BenchCommand(CliHost host)
        : base(
            "bench",
            "Measures time and memory of one training step (forward and backward) for each way to the gradient, by turns in one run, and the share of the machine's float32 peak.",
            ("rnnzoo bench", "three cells, all ways and sizes, on one and on all threads"),
            ("rnnzoo bench --cells lstm --sizes 32x100x10x128 --paths native,handwritten --json > bench.json", "two ways of one net, results for programs"),
            ("rnnzoo bench --stepper", "one step at a time, as when text is written"),
            ("rnnzoo bench --grid", "whether another way is ahead at any size; half an hour"))
    {
        AddOptions(_cells, _paths, _sizes, _threads, _seconds, _forward, _stepper, _grid, _output, _formats, _json);
        SetAction((parsed, cancellation) =>
        {
            if (!parsed.GetValue(_grid) && Array.Find([_output, _formats], (Option option) => IsGiven(parsed, option)) is { } ofGrid)
            {
                throw new UsageException($"{ofGrid.Name}: expected none without --grid; add that, or leave {ofGrid.Name} out.");
            }

            if (IsGiven(parsed, _formats) && !IsGiven(parsed, _output))
            {
                throw new UsageException("--format: expected --output beside it, which names the folder of the picture; add that, or leave --format out.");
            }

            return parsed.GetValue(_stepper) ? Task.FromResult(ReadSteps(host, parsed).Run(cancellation))
                : parsed.GetValue(_grid) ? Task.FromResult(ReadGrid(host, parsed).Run(cancellation))
                : new BenchRun(host, Read(parsed), parsed.GetValue(_json)).RunAsync(cancellation);
        });
    }

    private BenchStepperRun ReadSteps(CliHost host, ParseResult parsed)
    {
        RefuseBeside(parsed, "--stepper, which has ways of its own and one thread", _paths, _threads, _forward, _grid);
        var sizes = IsGiven(parsed, _sizes) ? parsed.GetValue(_sizes)!.Items : BenchStepperRun.UsualSizes;
        return new BenchStepperRun(host, parsed.GetValue(_cells)!.Items, sizes, parsed.GetValue(_seconds), parsed.GetValue(_json));
    }

    private BenchGridRun ReadGrid(CliHost host, ParseResult parsed)
    {
        RefuseBeside(parsed, "--grid, which has ways of its own", _paths, _forward);
        var sizes = IsGiven(parsed, _sizes) ? parsed.GetValue(_sizes)!.Items : BenchGridRun.UsualSizes;
        var seconds = IsGiven(parsed, _seconds) ? parsed.GetValue(_seconds) : 0;
        return new BenchGridRun(host, parsed.GetValue(_cells)!.Items, sizes, parsed.GetValue(_threads)!.Items, seconds, parsed.GetValue(_output), parsed.GetValue(_formats)!.Items, parsed.GetValue(_json));
    }

    private static void RefuseBeside(ParseResult parsed, string option, params Option[] others)
    {
        if (Array.Find(others, other => IsGiven(parsed, other)) is { } wrong)
        {
            throw new UsageException($"{wrong.Name}: expected none beside {option}.");
        }
    }

    private BenchSettings Read(ParseResult parsed)
    {
        var settings = new BenchSettings(
            parsed.GetValue(_cells)!.Items, parsed.GetValue(_paths)!.Items, parsed.GetValue(_sizes)!.Items, parsed.GetValue(_threads)!.Items, parsed.GetValue(_seconds), parsed.GetValue(_forward));
        if (settings.Forward && !settings.Paths.Intersect(BenchPaths.Plain).Any())
        {
            throw new UsageException($"--paths: expected one of {string.Join(", ", BenchPaths.Plain)} beside --forward, got {string.Join(", ", settings.Paths)}, which have no forward pass of their own.");
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

/// <summary>What to measure: the values of the options, which say what each is.</summary>
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

    /// <summary>n threads, for people.</summary>
    public static string ThreadsOf(int count) => $"{count} thread{(count == 1 ? "" : "s")}";

    public override string ToString() => $"{Size} {Cell}, {ThreadsOf(Threads)}{(Forward ? ", forward" : "")}";
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

    /// <summary>[B] lengths spread evenly up to T.</summary>
    public long[] Lengths() => [.. Enumerable.Range(1, Batch).Select(place => (((long)Steps * place) + Batch - 1) / Batch)];

    /// <summary>The share of T·B steps that sequences of these lengths have.</summary>
    public double ShareOfSteps => Lengths().Sum() / ((double)Steps * Batch);

    public static bool TryParse(string text, out BenchSize size)
    {
        int[] numbers = [.. text.Split('x').Select(part => int.TryParse(part, NumberStyles.None, null, out var number) ? number : 0)];
        var isSize = numbers is [> 0, > 0, > 0, > 0];
        size = isSize ? new BenchSize(numbers[0], numbers[1], numbers[2], numbers[3]) : new BenchSize(0, 0, 0, 0);
        return isSize;
    }

    public override string ToString() => $"{Batch}x{Steps}x{Input}x{Hidden}";
}

/// <summary>One benchmark from its settings to its report.</summary>
internal sealed class BenchRun(CliHost host, BenchSettings settings, bool json)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var result = await MeasureAsync(cancellation);
        foreach (var disturbance in result.Disturbances())
        {
            host.Error.WriteLine($"disturbed: {disturbance}; run it again on a quiet machine.");
        }

        host.Print(json, () => BenchReport.Document(result), () => BenchReport.Show(host, result), $"{result.Rows.Count} rows in {watch.Elapsed.TotalSeconds:0} s.");
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private async Task<BenchResult> MeasureAsync(CancellationToken cancellation)
    {
        using var status = new StatusLine(host);
        var counts = settings.Threads.Prepend(1).Distinct().ToArray();
        var peaks = counts.ToDictionary(threads => threads, PeakLoop.Measure);
        var groups = settings.Groups().ToArray();
        List<BenchRow> rows = [];
        for (var index = 0; index < groups.Length && !cancellation.IsCancellationRequested; index++)
        {
            var group = groups[index];
            status.Show($"{index + 1}/{groups.Length}: {group}");
            rows.AddRange(BenchTurns.Measure(group, settings.Seconds, cancellation));
        }

        status.Show("memory of each path, in processes of their own");
        var measured = rows.ToArray();
        await MeasureMemoryAsync(measured, cancellation);
        foreach (var threads in counts)
        {
            peaks[threads] = peaks[threads].With(PeakLoop.Measure(threads));
        }

        return new BenchResult(peaks, measured, settings.Forward);
    }

    // Memory does not depend on what runs beside, so the processes share the machine. An interrupted run has none for the rest.
    private static async Task MeasureMemoryAsync(BenchRow[] rows, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        try
        {
            await Parallel.ForAsync(0, rows.Length, options, async (index, stop) =>
            {
                var row = rows[index];
                var bytes = await MemoryProbe.ExtraBytesAsync(row.Group, row.Path, stop);
                rows[index] = row with { ExtraMegabytes = bytes / 1e6 };
            });
        }
        catch (OperationCanceledException)
        {
            return; // what was measured is reported
        }
    }
}

/// <summary>All that a benchmark measured.</summary>
/// <param name="Peaks">The machine's peak by thread count.</param>
/// <param name="Rows">The measured paths.</param>
/// <param name="Forward">Whether the forward pass was measured alone.</param>
internal sealed record BenchResult(IReadOnlyDictionary<int, PeakSample> Peaks, IReadOnlyList<BenchRow> Rows, bool Forward)
{
    /// <summary>What part of the peak of as many threads a row reached.</summary>
    public double PeakShare(BenchRow row) => row.Gflops / Peaks[row.Group.Threads].Best;

    /// <summary>What looks wrong with the machine.</summary>
    public IEnumerable<string> Disturbances() =>
        Peaks.Values.Select(sample => sample.Disturbance(Peaks[1])).OfType<string>();
}

/// <summary>What was measured of one path.</summary>
/// <param name="Group">Cell, size and threads.</param>
/// <param name="Path">The path.</param>
/// <param name="Milliseconds">The median time of a step.</param>
/// <param name="Fastest">The time of the fastest step, in milliseconds: what the code takes when nothing else disturbs it.</param>
/// <param name="Count">How many steps that is the median of.</param>
internal sealed record BenchRow(BenchGroup Group, string Path, double Milliseconds, double Fastest, int Count)
{
    /// <summary>Peak resident memory of a step beyond what was there before it, measured in a process of its own; null where that failed.</summary>
    public double? ExtraMegabytes { get; init; }

    /// <summary>The recurrence's own arithmetic per time, in GFLOP/s.</summary>
    public double Gflops => Group.Flops * (BenchPaths.HasLengths(Path) ? Group.Size.ShareOfSteps : 1) / (Group.Forward ? 3 : 1) / Milliseconds / 1e6;

    /// <summary>What was measured, and how long it took.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("cell", Group.Cell);
        json.WriteString("path", Path);
        json.WriteNumber("threads", Group.Threads);
        json.WriteNumber("B", Group.Size.Batch);
        json.WriteNumber("T", Group.Size.Steps);
        json.WriteNumber("I", Group.Size.Input);
        json.WriteNumber("H", Group.Size.Hidden);
        json.WriteNumber("milliseconds", Math.Round(Milliseconds, 7));
        json.WriteNumber("fastestMilliseconds", Math.Round(Fastest, 7));
    }
}

/// <summary>The steps of one path, taken by turns with those of the other paths of its group, so that what else the machine does hits all of them.</summary>
internal sealed class BenchTurns(string path, BenchGroup group) : IDisposable
{
    private const int LeastRounds = 3;
    private const double TurnMilliseconds = 60;
    private const int MostStepsInTurn = 20;
    private const double LongStepMilliseconds = 400;

    // libtorch's OpenMP threads spin for some milliseconds after their last work: not into the next path's turn.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);

    private readonly IWorkload _workload = BenchPaths.Create(path, group.Cell, group.Size, group.Forward);
    private readonly List<double> _times = [];
    private int _count = 1;
    private bool _isLong;

    /// <summary>Measures a group for some seconds at least.</summary>
    /// <returns>One row for each path.</returns>
    public static IReadOnlyList<BenchRow> Measure(BenchGroup group, double seconds, CancellationToken cancellation)
    {
        var former = get_num_threads();
        set_num_threads(group.Threads);
        List<BenchTurns> paths = [];
        try
        {
            paths.AddRange(group.Paths.Select(path => new BenchTurns(path, group)));
            paths.ForEach(path => path.WarmUp());
            var watch = Stopwatch.StartNew();
            for (var round = 0; round < LeastRounds || watch.Elapsed.TotalSeconds < seconds; round++)
            {
                paths.ForEach(path => path.Take(round));
                if (cancellation.IsCancellationRequested)
                {
                    break;
                }
            }

            return [.. paths.Select(path => path.Row())];
        }
        finally
        {
            paths.ForEach(path => path.Dispose());
            set_num_threads(former);
        }
    }

    public void Dispose() => _workload.Dispose();

    private void WarmUp()
    {
        // Twice, for the first step also compiles, loads and fills pools; that is little beside a long step.
        var milliseconds = Step();
        if (milliseconds < LongStepMilliseconds)
        {
            milliseconds = Step();
        }

        _isLong = milliseconds >= LongStepMilliseconds;
        if (_isLong)
        {
            _times.Add(milliseconds); // this was its first turn
        }

        _count = (int)Math.Clamp(TurnMilliseconds / milliseconds, 1, MostStepsInTurn);
    }

    private void Take(int round)
    {
        if (_isLong && round == 0)
        {
            return;
        }

        Thread.Sleep(Pause);
        if (!_isLong)
        {
            Step(); // finds caches and heap as the other paths left them; little beside a long step
        }

        for (var step = 0; step < _count; step++)
        {
            _times.Add(Step());
        }
    }

    private double Step()
    {
        var start = Stopwatch.GetTimestamp();
        _workload.Step();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private BenchRow Row()
    {
        _times.Sort();
        var middle = _times.Count / 2;
        var median = _times.Count % 2 == 1 ? _times[middle] : (_times[middle - 1] + _times[middle]) / 2;
        return new BenchRow(group, path, median, _times[0], _times.Count);
    }
}
