using RnnZoo.Cli.Options;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

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
