using System.Diagnostics;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class FlowRun(CliHost host, FlowSettings settings, bool json, string? outputFolder)
{
    private readonly List<FlowCurve> _curves = [];
    private readonly List<FlowTraining> _trainings = [];

    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var folder = OutputFolder.Make(host, outputFolder, "flow");
        string[] files;
        try
        {
            Measure(cancellation);
            Train(cancellation);
        }
        finally
        {
            // An interrupted or a failed run leaves what it got.
            files = Write(folder, Results(cancellation));
        }

        var summary = $"{_curves.Count} curves and {_trainings.Count} trainings in {watch.Elapsed.TotalSeconds:0.0} s. Written to {folder}: {string.Join(", ", files)}";
        FlowReport.Print(host, settings, Results(cancellation), json, summary);
        return cancellation.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Success;
    }

    private void Measure(CancellationToken cancellation)
    {
        foreach (var net in FlowNets.Of(settings).TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            _curves.Add(FlowCurve.Measure(net, settings));
        }
    }

    private void Train(CancellationToken cancellation)
    {
        foreach (var model in settings.Trained.TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            host.Error.WriteLine($"training {model} for {settings.Steps} steps…");
            var training = new FlowTraining(model, settings);
            training.Run(cancellation);
            _trainings.Add(training);
        }
    }

    private FlowResults Results(CancellationToken cancellation) => new(_curves, _trainings, cancellation.IsCancellationRequested);

    /// <returns>The names of the files.</returns>
    private string[] Write(string folder, FlowResults results)
    {
        var (fresh, trained) = (FlowCharts.Fresh(settings, _curves), FlowCharts.Trained(settings, _trainings));
        OutputFolder.WriteResults(folder, FlowReport.Document(settings, results), fresh);
        if (trained is not null)
        {
            AtomicFile.WriteText(Path.Combine(folder, "training.svg"), trained.ToSvg() + "\n");
        }

        return ["results.json", .. fresh is null ? Array.Empty<string>() : ["chart.svg"], .. trained is null ? Array.Empty<string>() : ["training.svg"]];
    }
}

/// <summary>Everything that a run found.</summary>
/// <param name="Curves">Gradient norms against distance.</param>
/// <param name="Trainings">Gradient norms in training, of trainings that have ended.</param>
/// <param name="IsPartial">Whether the run was interrupted.</param>
internal sealed record FlowResults(IReadOnlyList<FlowCurve> Curves, IReadOnlyList<FlowTraining> Trainings, bool IsPartial);

/// <summary>
/// One training on the copy task, watched: at up to <see cref="MostLooks"/> of its steps the norm of ∂L/∂h_t at every
/// timestep, before clipping. L is the mean loss, and norms are L2 over [B, H].
/// </summary>
internal sealed class FlowTraining(string model, FlowSettings settings) : ITrainingObserver
{
    private const int MostLooks = 100;

    private readonly FlowSettings _settings = settings;
    private readonly List<FlowLook> _looks = [];
    private readonly CompareStart _start = CompareTasks.Copy.StartOf(model);
    private GradientTrace? _trace;

    public string Model { get; } = model;

    public CopyTask Task { get; } = new(settings.Delay);

    public string Initialisation => _start.Initialisation;

    /// <summary>How it is trained.</summary>
    public TrainingOptions Options => new()
    {
        Steps = _settings.Steps,
        BatchSize = CompareTasks.Copy.Batch,
        Optimizer = OptimizerKind.Adam,
        Schedule = LearningRateSchedule.Cosine,
        LearningRate = _start.LearningRate,
        ClipNorm = CompareTasks.Copy.Clip,
        EvaluateEvery = Math.Max(1, _settings.Steps),
        EvaluationSequences = 1,
        FinalSequences = 512,
        Seed = Seeds.Derive(_settings.Seed, "data", _settings.Delay),
    };

    public IReadOnlyList<FlowLook> Looks => _looks;

    /// <summary>What came of it; null until it ends.</summary>
    public TrainingResult? Result { get; private set; }

    public void Run(CancellationToken cancellation)
    {
        manual_seed(Seeds.Derive(_settings.Seed, $"weights of {Model}", _settings.Delay));
        using var net = SequenceModel.Create(Model, Task.InputSize, _settings.Hidden, Task.OutputSize);
        using (var generator = new Generator((ulong)Seeds.Derive(_settings.Seed, $"initialisation of {Model}")))
        {
            Initialisers.Named(Initialisation, Task.Length).Apply(net, generator);
        }

        using var trace = _trace = GradientTrace.Attach(net, new GradientTraceOptions { Every = (_settings.Steps + MostLooks - 1) / MostLooks });
        new Trainer(net, Task, Options, this).Run(cancellation);
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
}

/// <summary>The gradient at every timestep of one training step.</summary>
/// <param name="Step">The training step, counted from 1.</param>
/// <param name="Loss">The loss of that step.</param>
/// <param name="Hidden">[T] ‖∂L/∂h_t‖, all of it.</param>
/// <param name="Recurrent">[T] the part of it that came back through time; zero at the last timestep.</param>
/// <param name="Cell">[T] ‖∂L/∂c_t‖ of an LSTM, else null.</param>
internal sealed record FlowLook(int Step, double Loss, IReadOnlyList<double> Hidden, IReadOnlyList<double> Recurrent, IReadOnlyList<double>? Cell);
