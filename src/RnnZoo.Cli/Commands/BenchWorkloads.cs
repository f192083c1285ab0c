using System.Globalization;
using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>The ways of taking a training step that are measured, by the names in tables and files.</summary>
internal static class BenchPaths
{
    private const double MostFlopsWithNorms = 5e9;
    public const string Training = "train:";

    /// <summary>All names, in the order of the table.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["autograd", "native", "handwritten", "handwritten+norms", "handwritten+shares", Training + "native", Training + "handwritten"];

    /// <summary>Whether a path is a whole training step on the copy task, optimizer included.</summary>
    public static bool Trains(string path) => path.StartsWith(Training, StringComparison.Ordinal);

    /// <summary>
    /// Whether a path is measured at a size: a training step where the copy task fits it, norms where a step is short, and
    /// neither where the forward pass is measured alone.
    /// </summary>
    public static bool Fits(string path, string cell, BenchSize size, bool forward) =>
        Trains(path) ? size.FitsCopyTask && !forward : !path.Contains('+', StringComparison.Ordinal) || (!forward && size.Flops(cell) < MostFlopsWithNorms);

    /// <summary>What to run.</summary>
    public static IWorkload Create(string path, string cell, BenchSize size, bool forward) => path switch
    {
        "autograd" => new GradientWorkload(cell, size, BackwardPath.Autograd, forward),
        "native" => new GradientWorkload(cell, size, BackwardPath.Native, forward),
        "handwritten" => new GradientWorkload(cell, size, BackwardPath.HandWritten, forward),
        "handwritten+norms" => new GradientWorkload(cell, size, BackwardPath.HandWritten, forward, new GradientTraceOptions()),
        "handwritten+shares" => new GradientWorkload(cell, size, BackwardPath.HandWritten, forward, new GradientTraceOptions { WeightShares = true }),
        Training + "native" => new CopyWorkload(cell, size, BackwardPath.Native),
        Training + "handwritten" => new CopyWorkload(cell, size, BackwardPath.HandWritten),
        _ => throw new ArgumentOutOfRangeException(nameof(path), path, $"path: expected one of {string.Join(", ", All)}."),
    };
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
/// alone, without gradients.
/// </summary>
internal sealed class GradientWorkload : IWorkload
{
    private readonly Func<Tensor[]> _forward;
    private readonly nn.Module _module;
    private readonly Tensor[] _inputs;
    private readonly Tensor[] _cotangents;
    private readonly GradientTrace? _trace;
    private readonly bool _isForward;

    public GradientWorkload(string cell, BenchSize size, BackwardPath path, bool forward, GradientTraceOptions? traced = null)
    {
        _isForward = forward;
        using var scope = NewDisposeScope();
        using var random = new Generator(1);
        var (batch, steps, input, hidden) = size;
        Tensor Leaf(params long[] shape) => randn(shape, generator: random).requires_grad_().DetachFromDisposeScope();
        var x = Leaf(steps, batch, input); // [T, B, I]
        var h0 = Leaf(1, batch, hidden); // [1, B, H]
        switch (cell)
        {
            case "vanilla":
                var vanilla = new VanillaRnn(input, hidden) { Backward = path };
                (_module, _inputs) = (vanilla, [x, h0]);
                _forward = () => vanilla.call(x, h0) is var (output, hN) ? [output, hN] : [];
                break;
            case "gru":
                var gru = new Gru(input, hidden) { Backward = path };
                (_module, _inputs) = (gru, [x, h0]);
                _forward = () => gru.call(x, h0) is var (output, hN) ? [output, hN] : [];
                break;
            default:
                var c0 = Leaf(1, batch, hidden); // [1, B, H]
                var lstm = new Lstm(input, hidden) { Backward = path };
                (_module, _inputs) = (lstm, [x, h0, c0]);
                _forward = () => lstm.call(x, (h0, c0)) is var (output, hN, cN) ? [output, hN, cN] : [];
                break;
        }

        _inputs = [.. _inputs, .. _module.parameters()];
        _trace = traced is null ? null : GradientTrace.Attach(_module, traced);
        long[][] outputs = [[steps, batch, hidden], .. Enumerable.Repeat(h0.shape, cell == "lstm" ? 2 : 1)];
        _cotangents = [.. outputs.Select(shape => randn(shape, generator: random).DetachFromDisposeScope())];
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        if (_isForward)
        {
            using var noTape = no_grad();
            _forward();
            return;
        }

        autograd.grad(_forward(), _inputs, _cotangents);
    }

    public void Dispose()
    {
        _trace?.Dispose();
        foreach (var tensor in _inputs.Concat(_cotangents))
        {
            tensor.Dispose();
        }

        _module.Dispose();
    }
}

/// <summary>A whole training step on the copy task: fresh batch, recurrent layer, readout, loss, backward, clipping, Adam.</summary>
internal sealed class CopyWorkload : IWorkload
{
    public const int Symbols = 10;
    public const int InputSize = 10;
    private readonly CopyTask _task;
    private readonly SequenceModel _model;
    private readonly optim.Optimizer _optimizer;
    private readonly Generator _random = new(1);
    private readonly int _batch;

    public CopyWorkload(string cell, BenchSize size, BackwardPath path)
    {
        _batch = size.Batch;
        _task = new CopyTask(size.Steps - (2 * Symbols), Symbols);
        IRecurrentModule recurrent = cell switch
        {
            "vanilla" => new VanillaRnn(InputSize, size.Hidden) { Backward = path },
            "gru" => new Gru(InputSize, size.Hidden) { Backward = path },
            _ => new Lstm(InputSize, size.Hidden) { Backward = path },
        };
        _model = new SequenceModel(recurrent, _task.OutputSize);
        _optimizer = optim.Adam(_model.parameters(), CompareTasks.Copy.StartOf(cell).LearningRate);
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        var batch = _task.Sample(_batch, _random);
        _optimizer.zero_grad();
        Gradient.Backward(_task.Loss(_model.call(batch.Input).Output, batch.Target));
        nn.utils.clip_grad_norm_(_model.parameters(), CompareTasks.Copy.Clip);
        _optimizer.step();
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
    /// <summary>The command of the program that measures, which its help does not show.</summary>
    public const string Command = "bench-memory";

    /// <summary>Measures in a process of its own.</summary>
    /// <returns>Bytes.</returns>
    public static async Task<long> ExtraBytesAsync(BenchGroup group, string path, CancellationToken cancellation)
    {
        var answer = await SelfProcess.RunAsync([Command, path, group.Cell, group.Size.ToString(), group.Threads.ToString(CultureInfo.InvariantCulture), .. group.Forward ? ["--forward"] : Array.Empty<string>()], cancellation);
        return long.Parse(answer, CultureInfo.InvariantCulture);
    }

    /// <summary>Measures in this process, which must be a fresh one.</summary>
    /// <param name="path">The path.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="size">The layer's size.</param>
    /// <param name="threads">The thread count.</param>
    /// <param name="forward">Whether the forward pass is measured alone.</param>
    /// <returns>Bytes.</returns>
    public static long Measure(string path, string cell, BenchSize size, int threads, bool forward)
    {
        set_num_threads(threads);
        var fewest = BenchPaths.Trains(path) ? (2 * CopyWorkload.Symbols) + 1 : 2;
        using (var once = BenchPaths.Create(path, cell, size with { Steps = Math.Min(size.Steps, fewest) }, forward))
        {
            once.Step(); // compiled, and what is set up once is there
        }

        using var workload = BenchPaths.Create(path, cell, size, forward);
        GC.Collect();
        ResidentMemory.ForgetPeak();
        var before = ResidentMemory.Now;
        workload.Step();
        return ResidentMemory.Peak - before;
    }
}
