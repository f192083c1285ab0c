using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RnnZoo.Kernels;

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
    public static int VectorBits => (int)VectorWidths.Best;

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
        sink = VectorWidths.Best switch
        {
            VectorWidth.Bits512 => Loop<Simd512<float>, Vector512<float>>(rounds),
            VectorWidth.Bits256 => Loop<Simd256<float>, Vector256<float>>(rounds),
            _ => Loop<Simd128<float>, Vector128<float>>(rounds),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop<S, V>(int rounds)
        where S : struct, ISimd<V, float>
        where V : struct
    {
        var (a, b) = (S.Constant(sink + 0.999), S.Constant(1e-3));
        var (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11) = (b, b, b, b, b, b, b, b, b, b, b, b);
        for (var round = 0; round < rounds; round++)
        {
            c0 = S.MultiplyAdd(c0, a, b);
            c1 = S.MultiplyAdd(c1, a, b);
            c2 = S.MultiplyAdd(c2, a, b);
            c3 = S.MultiplyAdd(c3, a, b);
            c4 = S.MultiplyAdd(c4, a, b);
            c5 = S.MultiplyAdd(c5, a, b);
            c6 = S.MultiplyAdd(c6, a, b);
            c7 = S.MultiplyAdd(c7, a, b);
            c8 = S.MultiplyAdd(c8, a, b);
            c9 = S.MultiplyAdd(c9, a, b);
            c10 = S.MultiplyAdd(c10, a, b);
            c11 = S.MultiplyAdd(c11, a, b);
        }

        var sum = S.Add(S.Add(S.Add(S.Add(c0, c1), S.Add(c2, c3)), S.Add(S.Add(c4, c5), S.Add(c6, c7))), S.Add(S.Add(c8, c9), S.Add(c10, c11)));
        return 0f * (float)S.Sum(sum);
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
