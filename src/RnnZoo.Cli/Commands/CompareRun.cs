using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>One comparison from its settings to its files.</summary>
internal sealed class CompareRun(CliHost host, CompareSettings settings, bool json, string? outputFolder)
{
    public int Run(CancellationToken cancellation)
    {
        var folder = OutputFolder.Make(host, outputFolder, settings.Task.Name);
        var jobs = CompareJob.CreateAll(settings);
        try
        {
            try
            {
                Train(jobs, folder, cancellation);
            }
            finally
            {
                // A failed run leaves what it got, too.
                if (jobs.All(job => job.Result is not null))
                {
                    WriteFiles(jobs, folder);
                }
            }

            CompareReport.Print(host, settings, jobs, json, folder);
        }
        finally
        {
            jobs.ForEach(job => job.Dispose());
        }

        return jobs.Exists(job => job.IsPartial) ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private void WriteFiles(List<CompareJob> jobs, string folder)
    {
        OutputFolder.WriteResults(folder, CompareReport.Document(settings, jobs), CompareCharts.Figure(settings, jobs));
        foreach (var job in jobs)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{job.Model}-{settings.Task.SizeName}{job.Size}.dat");
            AtomicFile.Write(Path.Combine(folder, name), stream => job.Net.save(stream));
        }
    }

    /// <summary>
    /// Trains all jobs, several at a time; each gets its result, those that never began too. Each worker thread computes on
    /// itself alone, so that the same numbers come out whatever the count of workers.
    /// </summary>
    private void Train(List<CompareJob> jobs, string folder, CancellationToken cancellation)
    {
        var display = new CompareProgress(host, settings.Task, jobs);
        using var log = new RunLog(Path.Combine(folder, "log.jsonl"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var queue = new ConcurrentQueue<CompareJob>(jobs.OrderByDescending(job => job.Cost));
        var failures = new ConcurrentQueue<ExceptionDispatchInfo>();
        // libtorch starts new threads with the count that was set last, so it is put back afterwards.
        var threadsBefore = get_num_threads();
        var workers = Enumerable.Range(0, Math.Min(settings.Threads, jobs.Count)).Select(_ => new Thread(Work)).ToList();
        workers.ForEach(worker => worker.Start());
        display.ShowUntil(() => workers.All(worker => worker.Join(0)));
        set_num_threads(threadsBefore);
        jobs.ForEach(job => job.Result ??= new TrainingResult(0, StopReason.Cancelled, null, 0));
        if (failures.TryPeek(out var failure))
        {
            failure.Throw();
        }

        void Work()
        {
            try
            {
                set_num_threads(1);
                while (!stop.IsCancellationRequested && queue.TryDequeue(out var job))
                {
                    var toFile = log.For(job.Task.Metric.Name, (settings.Task.SizeName, job.Size), ("model", job.Model));
                    job.Result = new Trainer(job.Net, job.Task, job.Options, [job.Progress, toFile, .. display.ObserversOf(job)]).Run(stop.Token);
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

/// <summary>One training of a comparison: a model at one size of the task.</summary>
/// <param name="Size">The delay or the length.</param>
/// <param name="Model">The name of the net.</param>
/// <param name="Task">The task at that size.</param>
/// <param name="Net">The net.</param>
/// <param name="Options">How it is trained.</param>
/// <param name="Initialisation">How it begins.</param>
internal sealed record CompareJob(int Size, string Model, ISequenceTask Task, SequenceModel Net, TrainingOptions Options, string Initialisation) : IDisposable
{
    /// <summary>How many numbers the model learns.</summary>
    public long Parameters { get; } = Net.parameters().Sum(parameter => parameter.numel());

    public JobProgress Progress { get; } = new();

    /// <summary>What came of it; null until it ends.</summary>
    public TrainingResult? Result { get; set; }

    /// <summary>Whether it was interrupted.</summary>
    public bool IsPartial => Result!.Reason == StopReason.Cancelled;

    /// <summary>How much there is to compute, up to a factor: long jobs are begun first.</summary>
    public double Cost => (double)Task.Length * Parameters;

    /// <summary>
    /// All trainings of a comparison. The models draw their weights from seeds of their own, one after the other, so that
    /// results do not depend on which thread trains what when. At one size all models see the same data.
    /// </summary>
    public static List<CompareJob> CreateAll(CompareSettings settings) =>
        [.. from size in settings.Sizes from model in settings.Models select Create(settings, size, model)];

    public void Dispose() => Net.Dispose();

    private static CompareJob Create(CompareSettings settings, int size, string model)
    {
        var task = settings.Task.Create(size, settings.Symbols);
        var weightSeed = Seeds.Derive(settings.Seed, $"weights of {model}", size);
        manual_seed(weightSeed);
        var net = SequenceModel.Create(model, task.InputSize, settings.Hidden, task.OutputSize);
        net.Backward = settings.Backward;
        using (var generator = new Generator((ulong)Seeds.Derive(weightSeed, "initialisation")))
        {
            Initialisers.Named(settings.Initialisations[model], task.Length).Apply(net, generator);
        }

        var options = new TrainingOptions
        {
            Steps = settings.Steps,
            BatchSize = settings.Batch,
            Optimizer = settings.Optimizer,
            Schedule = settings.Schedule,
            LearningRate = settings.LearningRates[model],
            ClipNorm = settings.Clip,
            StopAtMetric = settings.Task.StopAt,
            Seed = Seeds.Derive(settings.Seed, "data", size),
        };
        return new CompareJob(size, model, task, net, options, settings.Initialisations[model]);
    }
}
