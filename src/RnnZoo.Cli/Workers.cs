using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace RnnZoo.Cli;

/// <summary>
/// Threads that train side by side, each with its own count of libtorch's threads, so that the same numbers come out whatever
/// the count of workers. What no worker has begun when a run is cancelled, or when one has failed, is left undone.
/// </summary>
internal static class Workers
{
    /// <summary>Works off a queue.</summary>
    /// <param name="queue">What to do, first things first.</param>
    /// <param name="workers">How many workers there are at most.</param>
    /// <param name="threadsOfEach">How many threads libtorch takes for each.</param>
    /// <param name="work">Does one of them; its token also ends when another one has failed.</param>
    /// <param name="cancellation">Ends them.</param>
    /// <param name="meanwhile">What the calling thread does until what it is given says that all have ended; null to wait.</param>
    public static void Run<T>(
        IEnumerable<T> queue, int workers, int threadsOfEach, Action<T, CancellationToken> work, CancellationToken cancellation, Action<Func<bool>>? meanwhile = null)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var waiting = new ConcurrentQueue<T>(queue);
        var failures = new ConcurrentQueue<ExceptionDispatchInfo>();
        // libtorch starts new threads with the count that was set last, so it is put back afterwards.
        var threadsBefore = get_num_threads();
        var threads = Enumerable.Range(0, Math.Min(workers, waiting.Count)).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(thread => thread.Start());
        meanwhile?.Invoke(() => threads.TrueForAll(thread => thread.Join(0)));
        threads.ForEach(thread => thread.Join());
        set_num_threads(threadsBefore);
        if (failures.TryPeek(out var failure))
        {
            failure.Throw();
        }

        void Work()
        {
            try
            {
                set_num_threads(threadsOfEach);
                while (!stop.IsCancellationRequested && waiting.TryDequeue(out var next))
                {
                    work(next, stop.Token);
                }
            }
            catch (Exception exception)
            {
                failures.Enqueue(ExceptionDispatchInfo.Capture(exception));
                stop.Cancel();
            }
        }
    }
}
