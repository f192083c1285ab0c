using System.Diagnostics;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

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
