using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// The machine's float32 peak: fused multiply-adds on registers alone, in the widest vectors that the machine does, in
/// twelve chains that do not wait for each other, on all threads at once.
/// </summary>
internal static class PeakLoop
{
    private const int Chains = 12;
    private const int Rounds = 400_000; // 10 to 20 ms
    private const int Runs = 15;
    private static float sink;

    /// <summary>Bits of a vector.</summary>
    public static int VectorBits { get; } = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <summary>Measures several short runs.</summary>
    /// <param name="threads">How many threads work at the same time.</param>
    public static PeakSample Measure(int threads)
    {
        var gflops = new double[Runs];
        var seconds = new double[threads];
        using var start = new Barrier(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            Loop(Rounds / 10); // compiled, and the clock up
            for (var run = 0; run < Runs; run++)
            {
                start.SignalAndWait();
                var watch = Stopwatch.GetTimestamp();
                Loop(Rounds);
                seconds[worker] = Stopwatch.GetElapsedTime(watch).TotalSeconds;
                start.SignalAndWait();
                if (worker == 0)
                {
                    gflops[run] = (double)threads * Rounds * Chains * (VectorBits / 32) * 2 / seconds.Max() / 1e9;
                }
            }
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        Array.Sort(gflops);
        return new PeakSample(threads, gflops[^1], gflops[Runs / 2]);
    }

    private static void Loop(int rounds)
    {
        // Stored so that no compiler may leave the loop out.
        sink = VectorBits switch
        {
            512 => Loop512(rounds),
            256 => Loop256(rounds),
            _ => Loop128(rounds),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop512(int rounds)
    {
        var (a, b) = (Vector512.Create(sink + 0.999f), Vector512.Create(1e-3f));
        var (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11) = (b, b, b, b, b, b, b, b, b, b, b, b);
        for (var round = 0; round < rounds; round++)
        {
            c0 = Vector512.FusedMultiplyAdd(c0, a, b);
            c1 = Vector512.FusedMultiplyAdd(c1, a, b);
            c2 = Vector512.FusedMultiplyAdd(c2, a, b);
            c3 = Vector512.FusedMultiplyAdd(c3, a, b);
            c4 = Vector512.FusedMultiplyAdd(c4, a, b);
            c5 = Vector512.FusedMultiplyAdd(c5, a, b);
            c6 = Vector512.FusedMultiplyAdd(c6, a, b);
            c7 = Vector512.FusedMultiplyAdd(c7, a, b);
            c8 = Vector512.FusedMultiplyAdd(c8, a, b);
            c9 = Vector512.FusedMultiplyAdd(c9, a, b);
            c10 = Vector512.FusedMultiplyAdd(c10, a, b);
            c11 = Vector512.FusedMultiplyAdd(c11, a, b);
        }

        return 0f * Vector512.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop256(int rounds)
    {
        var (a, b) = (Vector256.Create(sink + 0.999f), Vector256.Create(1e-3f));
        var (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11) = (b, b, b, b, b, b, b, b, b, b, b, b);
        for (var round = 0; round < rounds; round++)
        {
            c0 = Vector256.FusedMultiplyAdd(c0, a, b);
            c1 = Vector256.FusedMultiplyAdd(c1, a, b);
            c2 = Vector256.FusedMultiplyAdd(c2, a, b);
            c3 = Vector256.FusedMultiplyAdd(c3, a, b);
            c4 = Vector256.FusedMultiplyAdd(c4, a, b);
            c5 = Vector256.FusedMultiplyAdd(c5, a, b);
            c6 = Vector256.FusedMultiplyAdd(c6, a, b);
            c7 = Vector256.FusedMultiplyAdd(c7, a, b);
            c8 = Vector256.FusedMultiplyAdd(c8, a, b);
            c9 = Vector256.FusedMultiplyAdd(c9, a, b);
            c10 = Vector256.FusedMultiplyAdd(c10, a, b);
            c11 = Vector256.FusedMultiplyAdd(c11, a, b);
        }

        return 0f * Vector256.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop128(int rounds)
    {
        var (a, b) = (Vector128.Create(sink + 0.999f), Vector128.Create(1e-3f));
        var (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11) = (b, b, b, b, b, b, b, b, b, b, b, b);
        for (var round = 0; round < rounds; round++)
        {
            c0 = Vector128.FusedMultiplyAdd(c0, a, b);
            c1 = Vector128.FusedMultiplyAdd(c1, a, b);
            c2 = Vector128.FusedMultiplyAdd(c2, a, b);
            c3 = Vector128.FusedMultiplyAdd(c3, a, b);
            c4 = Vector128.FusedMultiplyAdd(c4, a, b);
            c5 = Vector128.FusedMultiplyAdd(c5, a, b);
            c6 = Vector128.FusedMultiplyAdd(c6, a, b);
            c7 = Vector128.FusedMultiplyAdd(c7, a, b);
            c8 = Vector128.FusedMultiplyAdd(c8, a, b);
            c9 = Vector128.FusedMultiplyAdd(c9, a, b);
            c10 = Vector128.FusedMultiplyAdd(c10, a, b);
            c11 = Vector128.FusedMultiplyAdd(c11, a, b);
        }

        return 0f * Vector128.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }
}

/// <summary>What a peak loop reached.</summary>
/// <param name="Threads">Threads at once.</param>
/// <param name="Best">GFLOP/s of the best run of all threads together: the peak.</param>
/// <param name="Median">GFLOP/s of the median run: far below the best when something else has the machine.</param>
internal sealed record PeakSample(int Threads, double Best, double Median)
{
    // Per core in GFLOP/s: a little less than two 512-bit units at 3.9 GHz.
    private const double LeastWith512Bits = 225;
    private const double MedianOfBest = 0.9;
    private const double Scaling = 0.85;

    /// <summary>Joins two measurements at different times.</summary>
    public PeakSample With(PeakSample other) => new(Threads, Math.Max(Best, other.Best), Math.Min(Median, other.Median));

    /// <summary>What looks wrong with the machine; null if nothing.</summary>
    /// <param name="single">The sample of one thread.</param>
    public string? Disturbance(PeakSample single)
    {
        if (Median < MedianOfBest * Best)
        {
            return $"the peak loop on {Threads} threads reached {Best:0} GFLOP/s at best and {Median:0} in the median run";
        }

        if (Best < Scaling * Threads * single.Best)
        {
            return $"the peak of {Threads} threads is {Best:0} GFLOP/s, of one {single.Best:0}";
        }

        return PeakLoop.VectorBits == 512 && Best < LeastWith512Bits * Threads
            ? $"with 512-bit vectors the peak is {Best / Threads:0} GFLOP/s a core, where a server core with two such units reaches about 250"
            : null;
    }
}
