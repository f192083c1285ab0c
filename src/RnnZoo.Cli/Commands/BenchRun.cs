using System.Diagnostics;
using RnnZoo.Cli.Report;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>One benchmark from its settings to its report.</summary>
internal sealed class BenchRun(CliHost host, BenchSettings settings, bool json)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var former = get_num_threads();
        try
        {
            var result = await MeasureAsync(cancellation);
            BenchReport.Write(host, result, json);
            (json ? host.Error : host.Output).WriteLine($"{result.Rows.Count} rows in {watch.Elapsed.TotalSeconds:0} s.");
            return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
        }
        finally
        {
            set_num_threads(former);
        }
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
            status.Show($"{index + 1}/{groups.Length}: {group.Cell} {group.Size}, {group.Threads} thread{(group.Threads == 1 ? "" : "s")}");
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
    public double Gflops => Group.Flops / (Group.Forward ? 3 : 1) / Milliseconds / 1e6;
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
