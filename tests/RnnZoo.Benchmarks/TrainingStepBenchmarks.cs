using BenchmarkDotNet.Attributes;
using RnnZoo.Cli.Bench;
using static TorchSharp.torch;

namespace RnnZoo.Benchmarks;

/// <summary>
/// One training step (forward and backward of a layer, no optimizer) on each way to the gradient: the measurement of
/// `rnnzoo bench` with BenchmarkDotNet's statistics, for looking closely at one change.
/// </summary>
public class TrainingStepBenchmarks
{
    private IWorkload _autograd = null!;
    private IWorkload _native = null!;
    private IWorkload _handWritten = null!;

    [Params("vanilla", "gru", "lstm")]
    public string Cell { get; set; } = "";

    /// <summary>Batch x steps x input x hidden size.</summary>
    [Params("32x100x10x128", "20x35x200x200", "1x1000x16x64")]
    public string Size { get; set; } = "";

    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    public static IEnumerable<int> ThreadCounts => BenchSettings.DefaultThreads;

    [GlobalSetup]
    public void Create()
    {
        set_num_threads(Threads);
        if (!BenchSize.TryParse(Size, out var size))
        {
            throw new InvalidOperationException($"Size: expected BxTxIxH, got '{Size}'.");
        }

        _autograd = BenchPaths.Create("autograd", Cell, size);
        _native = BenchPaths.Create("native", Cell, size);
        _handWritten = BenchPaths.Create("handwritten", Cell, size);
    }

    [GlobalCleanup]
    public void Release()
    {
        _autograd.Dispose();
        _native.Dispose();
        _handWritten.Dispose();
    }

    [Benchmark]
    public void Autograd() => _autograd.Step();

    [Benchmark]
    public void Native() => _native.Step();

    [Benchmark(Baseline = true)]
    public void HandWritten() => _handWritten.Step();
}
