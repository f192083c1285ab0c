using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Compare;

/// <summary>One training of a comparison: a model at a delay.</summary>
internal sealed class CompareJob : IDisposable
{
    private CompareJob(int delay, string model, CopyTask task, SequenceModel net, TrainingOptions options, string initialisation)
    {
        Delay = delay;
        Model = model;
        Task = task;
        Net = net;
        Options = options;
        Initialisation = initialisation;
        Parameters = net.parameters().Sum(parameter => parameter.numel());
    }

    public int Delay { get; }

    public string Model { get; }

    public CopyTask Task { get; }

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
    /// results do not depend on which thread trains what when. At one delay all models see the same data.
    /// </summary>
    public static List<CompareJob> CreateAll(CompareSettings settings)
    {
        var jobs = new List<CompareJob>();
        foreach (var delay in settings.Delays)
        {
            foreach (var model in settings.Models)
            {
                jobs.Add(Create(settings, delay, model));
            }
        }

        return jobs;
    }

    public void Dispose() => Net.Dispose();

    private static CompareJob Create(CompareSettings settings, int delay, string model)
    {
        var task = new CopyTask(delay, settings.Symbols);
        var weightSeed = Seeds.Derive(settings.Seed, $"weights of {model}", delay);
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
            StopAtMetric = settings.StopAtRecall,
            Seed = Seeds.Derive(settings.Seed, "data", delay),
        };
        return new CompareJob(delay, model, task, net, options, settings.Initialisations[model]);
    }
}
