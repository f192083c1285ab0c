using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using RnnZoo.Training;
using TorchSharp;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// Trains all jobs, several at a time. Each worker thread computes on itself alone, so that the same numbers come out
/// whatever the count of workers.
/// </summary>
internal static class CompareRunner
{
    /// <summary>Runs all jobs; each gets its result, those that never began too.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="threads">How many to train at a time at most.</param>
    /// <param name="observersOf">Who is told about a job, besides its own progress.</param>
    /// <param name="display">Shows progress until the work is done.</param>
    /// <param name="cancellation">Ends all trainings cleanly.</param>
    public static void Run(
        IReadOnlyList<CompareJob> jobs,
        int threads,
        Func<CompareJob, IEnumerable<ITrainingObserver>> observersOf,
        IProgressDisplay display,
        CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var queue = new ConcurrentQueue<CompareJob>(jobs.OrderByDescending(job => job.Cost));
        var failures = new ConcurrentQueue<ExceptionDispatchInfo>();
        // libtorch starts new threads with the count that was set last, so it is put back afterwards.
        var threadsBefore = torch.get_num_threads();
        var workers = Enumerable.Range(0, Math.Min(threads, jobs.Count)).Select(_ => new Thread(Work)).ToArray();
        foreach (var worker in workers)
        {
            worker.Start();
        }

        display.ShowUntil(() => workers.All(worker => worker.Join(0)));
        foreach (var worker in workers)
        {
            worker.Join();
        }

        torch.set_num_threads(threadsBefore);
        foreach (var job in jobs)
        {
            job.Result ??= new TrainingResult(0, StopReason.Cancelled, null, 0);
        }

        if (failures.TryPeek(out var failure))
        {
            failure.Throw();
        }

        void Work()
        {
            try
            {
                torch.set_num_threads(1);
                while (!stop.IsCancellationRequested && queue.TryDequeue(out var job))
                {
                    var trainer = new Trainer(job.Net, job.Task, job.Options, [job.Progress, .. observersOf(job)]);
                    job.Result = trainer.Run(stop.Token);
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
