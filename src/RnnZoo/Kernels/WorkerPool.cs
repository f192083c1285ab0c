using System.Runtime.ExceptionServices;

namespace RnnZoo.Kernels;

/// <summary>Work in numbered parts, which do not wait for each other unless <see cref="WorkerPool.TryRunTogether"/> runs them.</summary>
internal abstract class ParallelWork
{
    public abstract void Run(int part);
}

/// <summary>
/// Threads that wait for parts of a pass. The calling thread always takes part 0, so a pass in n parts runs on n threads
/// and never on more. Which thread runs a part has no influence on the result; while the pool is busy with another
/// caller's pass, a caller runs all of its parts itself.
/// </summary>
internal static class WorkerPool
{
    // About 20 µs: longer than the gaps between the parts of a pass, shorter than anyone would miss a core.
    private const int SpinsBeforeSleep = 300;
    private static readonly Lock Gate = new();
    private static Worker[] workers = [];

    /// <summary>Runs parts 0 to <paramref name="parts"/> − 1 and returns when all are done.</summary>
    public static void Run(ParallelWork work, int parts)
    {
        if (parts > 1 && Gate.TryEnter())
        {
            try
            {
                RunOnWorkers(work, parts);
            }
            finally
            {
                Gate.Exit();
            }

            return;
        }

        for (var part = 0; part < parts; part++)
        {
            work.Run(part);
        }
    }

    /// <summary>
    /// Runs parts that wait for each other (<see cref="PartBarrier"/>), each on a thread of its own, unless the pool is busy.
    /// Then, and of a single part, nothing is done, and the caller cuts its work up otherwise.
    /// </summary>
    public static bool TryRunTogether(ParallelWork work, int parts)
    {
        if (parts < 2 || !Gate.TryEnter())
        {
            return false;
        }

        try
        {
            RunOnWorkers(work, parts);
        }
        finally
        {
            Gate.Exit();
        }

        return true;
    }

    private static void RunOnWorkers(ParallelWork work, int parts)
    {
        while (workers.Length < parts - 1)
        {
            workers = [.. workers, new Worker()];
        }

        for (var part = 1; part < parts; part++)
        {
            workers[part - 1].Start(work, part);
        }

        Exception? error = null;
        try
        {
            work.Run(0);
        }
        catch (Exception exception)
        {
            error = exception;
        }

        for (var part = 1; part < parts; part++)
        {
            error = workers[part - 1].Wait() ?? error;
        }

        if (error is not null)
        {
            ExceptionDispatchInfo.Throw(error);
        }
    }

    private sealed class Worker
    {
        private readonly SemaphoreSlim wake = new(0);
        private ParallelWork? work;
        private Exception? error;
        private int part;
        private volatile int state = Idle;
        private const int Idle = 0, Asleep = 1, Posted = 2;

        public Worker() => new Thread(Loop) { IsBackground = true, Name = "RnnZoo kernel" }.Start();

        public void Start(ParallelWork next, int number)
        {
            (work, part, error) = (next, number, null);
            if (Interlocked.Exchange(ref state, Posted) == Asleep)
            {
                wake.Release();
            }
        }

        public Exception? Wait()
        {
            var spinner = default(SpinWait);
            while (state == Posted)
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }

            return error;
        }

        private void Loop()
        {
            while (true)
            {
                AwaitPost();
                try
                {
                    work!.Run(part);
                }
                catch (Exception exception)
                {
                    error = exception;
                }

                work = null;
                state = Idle;
            }
        }

        private void AwaitPost()
        {
            for (var spin = 0; spin < SpinsBeforeSleep; spin++)
            {
                if (state == Posted)
                {
                    return;
                }

                Thread.SpinWait(8);
            }

            if (Interlocked.CompareExchange(ref state, Asleep, Idle) == Idle)
            {
                wake.Wait();
            }
        }
    }
}

/// <summary>Where parts of a pass wait for each other, after each step. A part must not throw before it: the others would wait for ever.</summary>
internal sealed class PartBarrier(int parts)
{
    private int arrived;
    private volatile int round;

    public void Wait()
    {
        var now = round;
        if (Interlocked.Increment(ref arrived) == parts)
        {
            arrived = 0;
            round = now + 1;
            return;
        }

        var spinner = default(SpinWait);
        while (round == now)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }
    }
}

/// <summary>Even shares of a range.</summary>
internal static class Partition
{
    /// <summary>Start of share <paramref name="part"/> of <paramref name="count"/>; share part ends where part + 1 starts.</summary>
    public static int Start(int count, int part, int parts) => (int)((long)count * part / parts);
}
