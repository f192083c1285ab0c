using RnnZoo.Cli.Options;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// One training on the copy task, watched: at up to <see cref="MostLooks"/> of its steps the norm of ∂L/∂h_t at every
/// timestep, before clipping. L is the mean loss, and norms are L2 over [B, H].
/// </summary>
internal sealed class FlowTraining : ITrainingObserver
{
    public const int MostLooks = 100;
    public const int Batch = 64;

    private readonly FlowSettings _settings;
    private readonly List<FlowLook> _looks = [];
    private readonly int _every;
    private GradientTrace? _trace;

    public FlowTraining(string model, FlowSettings settings)
    {
        Model = model;
        _settings = settings;
        _every = (settings.Steps + MostLooks - 1) / MostLooks;
        Task = new CopyTask(settings.Delay);
        (LearningRate, Initialisation) = CompareTasks.Copy.StartOf(model);
    }

    public string Model { get; }

    public CopyTask Task { get; }

    public double LearningRate { get; }

    public string Initialisation { get; }

    public IReadOnlyList<FlowLook> Looks => _looks;

    /// <summary>What came of it; null until it ends.</summary>
    public TrainingResult? Result { get; private set; }

    public void Run(CancellationToken cancellation)
    {
        manual_seed(Seeds.Derive(_settings.Seed, $"weights of {Model}", _settings.Delay));
        using var model = SequenceModel.Create(Model, Task.InputSize, _settings.Hidden, Task.OutputSize);
        using (var generator = new Generator((ulong)Seeds.Derive(_settings.Seed, $"initialisation of {Model}")))
        {
            Initialisations.Create(Initialisation, Task.Length).Apply(model, generator);
        }

        using var trace = _trace = GradientTrace.Attach(model, new GradientTraceOptions { Every = _every });
        new Trainer(model, Task, Options(), this).Run(cancellation);
    }

    public void OnStep(in StepRecord step)
    {
        // A step that was not recorded, or whose loss was not finite, leaves the count as it was.
        if (_trace!.Count == _looks.Count)
        {
            return;
        }

        var norms = _trace.Last![layer: 0];
        _looks.Add(new FlowLook(step.Step, step.Loss, norms.Hidden, norms.HiddenFromFuture, norms.Cell));
    }

    public void OnEvaluation(EvaluationRecord evaluation)
    {
    }

    public void OnEnd(TrainingResult result) => Result = result;

    private TrainingOptions Options() => new()
    {
        Steps = _settings.Steps,
        BatchSize = Batch,
        Optimizer = OptimizerKind.Adam,
        Schedule = LearningRateSchedule.Cosine,
        LearningRate = LearningRate,
        ClipNorm = CompareTasks.Copy.Clip,
        EvaluateEvery = Math.Max(1, _settings.Steps),
        EvaluationSequences = 1,
        FinalSequences = 512,
        Seed = Seeds.Derive(_settings.Seed, "data", _settings.Delay),
    };
}
