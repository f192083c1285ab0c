using System.CommandLine;
using System.Text.Json;
using RnnZoo.Cells;
using RnnZoo.Cli.Options;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>The ways of taking a training step that are measured, by the names in tables and files.</summary>
internal static class BenchPaths
{
    public const string HandWritten = "handwritten";
    public const string Training = "train:";
    public const string Step = "step:";
    private const string Lengths = "+lengths";
    private const double MostFlopsWithNorms = 5e9;

    /// <summary>All names, in the order of the table.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["autograd", "native", "native" + Lengths, "handwritten", "handwritten" + Lengths, "handwritten+norms", "handwritten+shares", Training + "native", Training + "handwritten"];

    /// <summary>Those that have a forward pass of their own.</summary>
    public static IReadOnlyList<string> Plain { get; } = [.. All.Where(path => !Trains(path) && !path.Contains('+', StringComparison.Ordinal))];

    /// <summary>Those that are measured if nothing is said.</summary>
    public static IReadOnlyList<string> Usual { get; } = [.. All.Where(path => !HasLengths(path))];

    /// <summary>The ways of a single step without gradient.</summary>
    public static IReadOnlyList<string> Steps { get; } = [Step + "native", Step + "module", Step + "onnx", Step + "stepper"];

    /// <summary>Whether the sequences of a path have several lengths.</summary>
    public static bool HasLengths(string path) => path.EndsWith(Lengths, StringComparison.Ordinal);

    /// <summary>Whether a path is a whole training step on the copy task, optimizer included.</summary>
    public static bool Trains(string path) => path.StartsWith(Training, StringComparison.Ordinal);

    /// <summary>Whether a cell has a path; libtorch has few of the cells.</summary>
    public static bool IsOf(string path, string cell)
    {
        if (path.StartsWith(Step, StringComparison.Ordinal) && path != Step + "native")
        {
            return true;
        }

        var net = RecurrentNets.Named(cell).Make(new NetOptions(1, 1));
        using var owner = (nn.Module)net;
        return net.Supports(BackwardOf(path));
    }

    /// <summary>
    /// Whether a path is measured at a size: a training step where the copy task fits it, norms where a step is short, and
    /// neither where the forward pass is measured alone.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="size">The layer's size.</param>
    /// <param name="flops">The arithmetic of a training step.</param>
    /// <param name="forward">Whether the forward pass is measured alone.</param>
    public static bool Fits(string path, BenchSize size, double flops, bool forward) =>
        Trains(path) ? size.FitsCopyTask && !forward : HasLengths(path) || !path.Contains('+', StringComparison.Ordinal) || (!forward && flops < MostFlopsWithNorms);

    /// <summary>What to run.</summary>
    public static IWorkload Create(string path, string cell, BenchSize size, bool forward) =>
        path.StartsWith(Step, StringComparison.Ordinal) ? new StepWorkload(cell, size, path[Step.Length..])
        : Trains(path) ? new CopyWorkload(cell, size, BackwardOf(path))
        : new GradientWorkload(cell, size, BackwardOf(path), forward, path.Split('+')[1..] switch
        {
            ["norms"] => new GradientTraceOptions(),
            ["shares"] => new GradientTraceOptions { WeightShares = true },
            _ => null,
        }, HasLengths(path) ? size.Lengths() : null);

    private static BackwardPath BackwardOf(string path) => TrainingNames.Paths[path.Split('+')[0].Split(':')[^1]];
}

/// <summary>A training step that can be taken again and again.</summary>
internal interface IWorkload : IDisposable
{
    /// <summary>Takes one step.</summary>
    void Step();
}

/// <summary>
/// Forward and backward of one layer in float32, with random cotangents on the output and the final state; gradients of
/// the input, the initial state and all parameters; with a trace, the norms of every step's gradient too. Or the forward pass
/// alone, without gradients. With lengths, the sequences are a padded batch.
/// </summary>
internal sealed class GradientWorkload : IWorkload
{
    private readonly IRecurrentModule _net;
    private readonly Tensor _input;
    private readonly RecurrentState _initial;
    private readonly Tensor[] _leaves;
    private readonly Tensor[] _cotangents;
    private readonly GradientTrace? _trace;
    private readonly Tensor? _lengths;
    private readonly bool _isForward;

    public GradientWorkload(string cell, BenchSize size, BackwardPath path, bool forward, GradientTraceOptions? traced = null, long[]? lengths = null)
    {
        _isForward = forward;
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        var (batch, steps, input, hidden) = size;
        Tensor Draw(params long[] shape) => randn(shape, generator: random).DetachFromDisposeScope();
        _net = RecurrentNets.Named(cell).Make(new NetOptions(input, hidden));
        _net.Backward = path;
        var module = (nn.Module)_net;
        _input = Draw(steps, batch, input).requires_grad_(); // [T, B, I]
        _initial = new RecurrentState([.. _net.StateSizes.Select(part => Draw(1, batch, part).requires_grad_())]); // [1, B, S]
        _leaves = [_input, .. _initial, .. module.parameters()];
        _cotangents = [Draw(steps, batch, hidden), .. _initial.Select(part => Draw(part.shape))];
        _lengths = lengths is null ? null : tensor(lengths).DetachFromDisposeScope();
        _trace = traced is null ? null : GradientTrace.Attach(module, traced);
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        if (_isForward)
        {
            using var noTape = no_grad();
            Run();
            return;
        }

        var (output, final) = Run();
        autograd.grad([output, .. final], _leaves, _cotangents);
    }

    private RecurrentResult Run() => _lengths is null ? _net.Run(_input, _initial) : _net.Run(_input, _lengths, _initial);

    public void Dispose()
    {
        _trace?.Dispose();
        _lengths?.Dispose();
        foreach (var tensor in _leaves.Concat(_cotangents))
        {
            tensor.Dispose();
        }

        ((nn.Module)_net).Dispose();
    }
}

/// <summary>A whole training step on the copy task, as the trainer takes it: fresh batch, recurrent layer, readout, loss, backward, clipping, Adam.</summary>
internal sealed class CopyWorkload : IWorkload
{
    public const int Symbols = 10;
    public const int InputSize = 10;
    private readonly CopyTask _task;
    private readonly SequenceModel _model;
    private readonly OptimizerSet _optimizer;
    private readonly double _learningRate;
    private readonly Generator _random = new(1);
    private readonly int _batch;

    public CopyWorkload(string cell, BenchSize size, BackwardPath path)
    {
        _batch = size.Batch;
        _task = new CopyTask(size.Steps - (2 * Symbols), Symbols);
        _model = SequenceModel.Create(cell, InputSize, size.Hidden, _task.OutputSize);
        _model.Backward = path;
        _optimizer = new OptimizerSet(_model, OptimizerKind.Adam);
        _learningRate = CompareTasks.Copy.StartOf(cell).LearningRate;
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        var batch = _task.Sample(_batch, _random);
        _model.zero_grad();
        _optimizer.Step(_task.Loss(batch.OutputOf(_model), batch.Target), _learningRate, CompareTasks.Copy.Clip);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _random.Dispose();
    }
}

/// <summary>The peak memory of one training step, measured in a process that does nothing else.</summary>
internal static class MemoryProbe
{
    private const string Name = "bench-memory";

    /// <summary>Measures in a process of its own.</summary>
    /// <returns>Bytes.</returns>
    public static async Task<long> ExtraBytesAsync(BenchGroup group, string path, CancellationToken cancellation)
        => long.Parse(await SelfProcess.RunAsync([Name, JsonSerializer.Serialize(group with { Paths = [path] })], cancellation));

    /// <summary>The command of that process.</summary>
    public static Command CreateCommand(CliHost host) => SelfProcess.CreateCommand<BenchGroup>(
        host, Name, "Prints the peak memory of one training step of the first path in bytes.", group => $"{Measure(group)}");

    private static long Measure(BenchGroup group)
    {
        set_num_threads(group.Threads);
        var (path, size) = (group.Paths[0], group.Size);
        var fewest = BenchPaths.Trains(path) ? (2 * CopyWorkload.Symbols) + 1 : 2;
        using (var once = BenchPaths.Create(path, group.Cell, size with { Steps = Math.Min(size.Steps, fewest) }, group.Forward))
        {
            once.Step(); // compiled, and what is set up once is there
        }

        using var workload = BenchPaths.Create(path, group.Cell, size, group.Forward);
        GC.Collect();
        ResidentMemory.ForgetPeak();
        var before = ResidentMemory.Now;
        workload.Step();
        return ResidentMemory.Peak - before;
    }
}
