using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Plots;
using RnnZoo.Tasks;
using RnnZoo.Training;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>One comparison from its settings to its files.</summary>
internal sealed class CompareRun(CliHost host, CompareSettings settings, bool json, string? outputFolder)
{
    public int Run(CancellationToken cancellation)
    {
        var folder = MakeFolder();
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

            Report(jobs, folder);
        }
        finally
        {
            jobs.ForEach(job => job.Dispose());
        }

        return jobs.Exists(job => job.Result!.Reason == StopReason.Cancelled) ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private string MakeFolder() => OutputFolder.Make(host, outputFolder, settings.Task.Name);

    private void Train(List<CompareJob> jobs, string folder, CancellationToken cancellation)
    {
        IProgressDisplay display = host.ErrorIsTerminal
            ? new LiveProgress(Console(host.Error, isTerminal: true), settings.Task, jobs)
            : new PlainProgress(host.Error, settings.Task);
        using var log = new RunLog(Path.Combine(folder, "log.jsonl"));
        IEnumerable<ITrainingObserver> ObserversOf(CompareJob job)
        {
            yield return log.For(job.Task.Metric.Name, (settings.Task.SizeName, job.Size), ("model", job.Model));
            if (display.ObserverOf(job) is { } observer)
            {
                yield return observer;
            }
        }

        CompareRunner.Run(jobs, settings.Threads, ObserversOf, display, cancellation);
    }

    private void WriteFiles(List<CompareJob> jobs, string folder)
    {
        AtomicFile.WriteText(Path.Combine(folder, "results.json"), CompareJson.Write(settings, jobs));
        AtomicFile.WriteText(Path.Combine(folder, "chart.svg"), CompareCharts.Figure(settings, jobs).ToSvg() + "\n");
        foreach (var job in jobs)
        {
            AtomicFile.Write(Path.Combine(folder, WeightsName(job)), stream => job.Net.save(stream));
        }
    }

    private string WeightsName(CompareJob job) => string.Create(CultureInfo.InvariantCulture, $"{job.Model}-{settings.Task.SizeName}{job.Size}.dat");

    private void Report(List<CompareJob> jobs, string folder)
    {
        if (json)
        {
            host.Output.Write(CompareJson.Write(settings, jobs));
            host.Error.WriteLine($"Written to {folder}");
            return;
        }

        ReportConsole.Write(host, CompareTable.Create(settings.Task, jobs));
        host.Output.WriteLine();
        host.Output.WriteLine(TerminalLines.Render(CompareCharts.Loss(settings.Task, jobs, settings.Sizes.Max()), Math.Min(host.Width, 100)));
        host.Output.WriteLine(TerminalBars.Render(CompareCharts.Metric(settings, jobs), Math.Min(host.Width, 80)));
        host.Output.WriteLine($"Written to {folder}: results.json, log.jsonl, chart.svg, and the weights of each net (*.dat)");
    }

    private IAnsiConsole Console(TextWriter writer, bool isTerminal) => ReportConsole.Create(writer, isTerminal, host.Width);
}

/// <summary>One training of a comparison: a model at one size of the task.</summary>
internal sealed class CompareJob : IDisposable
{
    private CompareJob(int size, string model, ISequenceTask task, SequenceModel net, TrainingOptions options, string initialisation)
    {
        Size = size;
        Model = model;
        Task = task;
        Net = net;
        Options = options;
        Initialisation = initialisation;
        Parameters = net.parameters().Sum(parameter => parameter.numel());
    }

    /// <summary>The delay or the length.</summary>
    public int Size { get; }

    public string Model { get; }

    public ISequenceTask Task { get; }

    public SequenceModel Net { get; }

    public TrainingOptions Options { get; }

    public string Initialisation { get; }

    /// <summary>How many numbers the model learns.</summary>
    public long Parameters { get; }

    public JobProgress Progress { get; } = new();

    /// <summary>What came of it; null until it ends.</summary>
    public TrainingResult? Result { get; set; }

    /// <summary>How much there is to compute, up to a factor: long jobs are begun first.</summary>
    public double Cost => (double)Task.Length * Parameters;

    /// <summary>
    /// All trainings of a comparison. The models draw their weights from seeds of their own, one after the other, so that
    /// results do not depend on which thread trains what when. At one size all models see the same data.
    /// </summary>
    public static List<CompareJob> CreateAll(CompareSettings settings)
    {
        var jobs = new List<CompareJob>();
        foreach (var size in settings.Sizes)
        {
            foreach (var model in settings.Models)
            {
                jobs.Add(Create(settings, size, model));
            }
        }

        return jobs;
    }

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
            Initialisations.Create(settings.Initialisations[model], task.Length).Apply(net, generator);
        }

        var options = new TrainingOptions
        {
            Steps = settings.Steps,
            BatchSize = settings.Batch,
            Optimizer = settings.Optimizer,
            Schedule = settings.Schedule,
            LearningRate = settings.LearningRates[model],
            ClipNorm = settings.Clip > 0 ? settings.Clip : null,
            FinalSequences = settings.FinalSequences,
            StopAtMetric = settings.Task.StopAt,
            Seed = Seeds.Derive(settings.Seed, "data", size),
        };
        return new CompareJob(size, model, task, net, options, settings.Initialisations[model]);
    }
}

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
