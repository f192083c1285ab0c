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
            using var log = new RunLog(Path.Combine(folder, "log.jsonl"));
            try
            {
                Train(jobs, log, cancellation);
            }
            finally
            {
                WriteFiles(jobs, folder); // a failed run leaves what it got, too
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
            var name = $"{job.Model}-{settings.Task.SizeName}{job.Size}.dat";
            AtomicFile.Write(Path.Combine(folder, name), stream => job.Net.save(stream));
        }
    }

    /// <summary>Trains all jobs, several at a time.</summary>
    private void Train(List<CompareJob> jobs, RunLog log, CancellationToken cancellation)
    {
        var display = new CompareProgress(host, settings.Task, jobs);
        void Work(CompareJob job, CancellationToken stop)
        {
            var toFile = log.For(job.Task.Metric.Name, (settings.Task.SizeName, job.Size), ("model", job.Model));
            job.Result = new Trainer(job.Net, job.Task, job.Options, [job.Progress, toFile, .. display.ObserversOf(job)]).Run(stop);
        }

        Workers.Run(jobs.OrderByDescending(job => job.Cost), settings.Threads, threadsOfEach: 1, Work, cancellation, display.ShowUntil);
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

    /// <summary>What came of it; until it ends that of a training that was interrupted before its first step.</summary>
    public TrainingResult Result { get; set; } = new(0, StopReason.Cancelled, null, 0);

    /// <summary>Whether it was interrupted.</summary>
    public bool IsPartial => Result.Reason == StopReason.Cancelled;

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

        var options = settings.Training with { LearningRate = settings.LearningRates[model], Seed = Seeds.Derive(settings.Seed, "data", size) };
        return new CompareJob(size, model, task, net, options, settings.Initialisations[model]);
    }
}
