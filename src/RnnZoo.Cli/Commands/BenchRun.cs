using System.Diagnostics;
using System.Globalization;
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
            Report(result, watch.Elapsed);
            return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
        }
        finally
        {
            set_num_threads(former);
        }
    }

    private async Task<BenchResult> MeasureAsync(CancellationToken cancellation)
    {
        var counts = settings.Threads.Prepend(1).Distinct().ToArray();
        var peaks = counts.ToDictionary(threads => threads, PeakLoop.Measure);
        var measurement = new BenchMeasurement(settings.Seconds);
        var groups = settings.Groups().ToArray();
        List<BenchRow> rows = [];
        for (var index = 0; index < groups.Length && !cancellation.IsCancellationRequested; index++)
        {
            var group = groups[index];
            Progress($"{index + 1}/{groups.Length}: {group.Cell} {group.Size}, {group.Threads} thread{(group.Threads == 1 ? "" : "s")}");
            rows.AddRange(measurement.Run(group, cancellation));
        }

        Progress("memory of each path, in processes of their own");
        var measured = rows.ToArray();
        await MeasureMemoryAsync(measured, cancellation);
        foreach (var threads in counts)
        {
            peaks[threads] = peaks[threads].With(PeakLoop.Measure(threads));
        }

        EndProgress();
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

    private void Report(BenchResult result, TimeSpan elapsed)
    {
        foreach (var disturbance in result.Disturbances())
        {
            host.Error.WriteLine($"disturbed: {disturbance}; run it again on a quiet machine.");
        }

        if (json)
        {
            host.Output.Write(BenchJson.Write(result));
        }
        else
        {
            BenchTable.Write(host, result);
        }

        (json ? host.Error : host.Output).WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Rows.Count} rows in {elapsed.TotalSeconds:0} s."));
    }

    private void Progress(string text)
    {
        EndProgress();
        var width = host.Width - 1;
        host.Error.Write(host.ErrorIsTerminal ? (text.Length > width ? text[..width] : text) : text + Environment.NewLine);
        host.Error.Flush();
    }

    private void EndProgress()
    {
        if (host.ErrorIsTerminal)
        {
            host.Error.Write("\r" + new string(' ', host.Width - 1) + "\r");
        }
    }
}

/// <summary>Times the paths of a group by turns, so that what else the machine does hits all of them.</summary>
internal sealed class BenchMeasurement(double seconds)
{
    private const int LeastRounds = 3;
    private const double TurnMilliseconds = 60;
    private const int MostStepsInTurn = 20;
    private const double LongStepMilliseconds = 400;

    // libtorch's OpenMP threads spin for some milliseconds after their last work: not into the next path's turn.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);

    /// <summary>Measures.</summary>
    /// <returns>One row for each path.</returns>
    public IReadOnlyList<BenchRow> Run(BenchGroup group, CancellationToken cancellation)
    {
        set_num_threads(group.Threads);
        List<Turn> turns = [];
        try
        {
            turns.AddRange(group.Paths.Select(path => CreateTurn(path, group)));
            turns.ForEach(turn => turn.WarmUp());
            var watch = Stopwatch.StartNew();
            for (var round = 0; round < LeastRounds || watch.Elapsed.TotalSeconds < seconds; round++)
            {
                foreach (var turn in turns)
                {
                    turn.Take(round);
                }

                if (cancellation.IsCancellationRequested)
                {
                    break;
                }
            }

            return [.. turns.Select(turn => turn.Row(group))];
        }
        finally
        {
            turns.ForEach(turn => turn.Dispose());
        }
    }

    private static Turn CreateTurn(string path, BenchGroup group)
    {
        var workload = BenchPaths.Create(path, group.Cell, group.Size, group.Forward);
        return new Turn(path, count => [.. Enumerable.Range(0, count).Select(_ => Time(workload))], workload);
    }

    private static double Time(IWorkload workload)
    {
        var start = Stopwatch.GetTimestamp();
        workload.Step();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private sealed class Turn(string path, Func<int, double[]> steps, IWorkload workload) : IDisposable
    {
        private readonly List<double> _times = [];
        private int _count = 1;
        private bool _isLong;

        public void WarmUp()
        {
            // Twice, for the first step also compiles, loads and fills pools; that is little beside a long step.
            var milliseconds = steps(1)[0];
            if (milliseconds < LongStepMilliseconds)
            {
                milliseconds = steps(1)[0];
            }

            _isLong = milliseconds >= LongStepMilliseconds;
            if (_isLong)
            {
                _times.Add(milliseconds); // this was its first turn
            }

            _count = (int)Math.Clamp(TurnMilliseconds / milliseconds, 1, MostStepsInTurn);
        }

        public void Take(int round)
        {
            if (_isLong && round == 0)
            {
                return;
            }

            Thread.Sleep(Pause);
            var first = _isLong ? 0 : 1; // the first finds caches and heap as the other paths left them; little beside a long step
            _times.AddRange(steps(_count + first)[first..]);
        }

        public BenchRow Row(BenchGroup group)
        {
            _times.Sort();
            var middle = _times.Count / 2;
            var median = _times.Count % 2 == 1 ? _times[middle] : (_times[middle - 1] + _times[middle]) / 2;
            return new BenchRow(group, path, median, _times[0], _times.Count);
        }

        public void Dispose() => workload.Dispose();
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
    public double Gflops => Group.Size.Flops(Group.Cell) / (Group.Forward ? 3 : 1) / Milliseconds / 1e6;
}
