using System.CommandLine;
using System.Diagnostics;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo flow`: how far back in time a gradient reaches.</summary>
internal sealed class FlowCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _models = Values.Choices("--models", "The nets to measure", FlowNets.Models, ["linear", "vanilla", "lstm", "gru"]);

    private readonly ValueOption<ValueList<double>> _norms = Values.PositiveList(
        "--norms", "The spectral norms of W in the linear and the vanilla nets", [0.5, 0.9, 1.0, 1.1, 1.5]);

    private readonly ValueOption<int> _length = Values.Whole("--length", "The steps of a sequence: the largest distance", 1, 100);
    private readonly ValueOption<int> _sequences = Values.Whole("--sequences", "How many sequences a curve is the mean of", 1, 16);
    private readonly ValueOption<int> _hidden = Values.Whole("--hidden", "The hidden size of each net", 1, 128);
    private readonly ValueOption<ValueList<string>> _train = Values.Choices(
        "--train", "The nets to watch in training on the copy task", RecurrentNets.Names, ["vanilla", "lstm"]);

    private readonly Option<bool> _noTraining = Values.Flag("--no-training", "Measure fresh nets only");
    private readonly ValueOption<int> _steps = Values.Whole("--steps", "The steps of each training", 1, 600);
    private readonly ValueOption<int> _delay = Values.Whole("--delay", "For how many steps to remember in training", 1, 20);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where all randomness comes from", 1);
    private readonly Option<bool> _json = Values.Json();
    private readonly ValueOption<string?> _output = Values.Output("flow");
    private readonly ValueOption<ValueList<string>> _formats = OutputFolder.Formats();

    public FlowCommand(CliHost host)
        : base(
            "flow",
            "Measures how a gradient shrinks or grows on its way back through time, in fresh nets and in training.",
            ("rnnzoo flow", "four nets over 100 steps, and a vanilla RNN and an LSTM in training"),
            ("rnnzoo flow --models linear,vanilla --norms 0.8,1,1.2 --length 300 --no-training --json > flow.json", "the law and its bound, other norms, results for programs"))
    {
        AddOptions(_models, _norms, _length, _sequences, _hidden, _train, _noTraining, _steps, _delay, _seed, _json, _output, _formats);
        SetAction((parsed, cancellation) => Task.FromResult(
            new FlowRun(host, Read(parsed), parsed.GetValue(_json), parsed.GetValue(_output), parsed.GetValue(_formats)!.Items).Run(cancellation)));
    }

    private FlowSettings Read(ParseResult parsed) => new(
        Models: parsed.GetValue(_models)!.Items,
        Norms: parsed.GetValue(_norms)!.Items,
        Length: parsed.GetValue(_length),
        Sequences: parsed.GetValue(_sequences),
        Hidden: parsed.GetValue(_hidden),
        Seed: parsed.GetValue(_seed),
        Trained: parsed.GetValue(_noTraining) ? NoneTrained(parsed) : parsed.GetValue(_train)!.Items,
        Steps: parsed.GetValue(_steps),
        Delay: parsed.GetValue(_delay));

    private IReadOnlyList<string> NoneTrained(ParseResult parsed) => IsGiven(parsed, _train)
        ? throw new UsageException("--train: expected none together with --no-training; leave one of the two out.")
        : [];
}

/// <summary>What to measure: the values of the options, which say what each is.</summary>
internal sealed record FlowSettings(
    IReadOnlyList<string> Models, IReadOnlyList<double> Norms, int Length, int Sequences, int Hidden, long Seed, IReadOnlyList<string> Trained,
    int Steps, int Delay);

/// <summary>One measurement from its settings to its files.</summary>
internal sealed class FlowRun(CliHost host, FlowSettings settings, bool json, string? outputFolder, IReadOnlyList<string> formats)
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
        host.Print(json, () => FlowReport.Document(settings, Results(cancellation)), () => FlowReport.Show(host, settings, Results(cancellation)), summary);
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
        return [.. OutputFolder.WriteResults(folder, FlowReport.Document(settings, results), fresh, formats), .. OutputFolder.WritePicture(folder, "training", trained, formats)];
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

    public List<FlowLook> Looks { get; } = [];

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
        if (_trace!.Count == Looks.Count)
        {
            return;
        }

        var norms = _trace.Last![layer: 0];
        Looks.Add(new FlowLook(step.Step, step.Loss, norms.Hidden, norms.HiddenFromFuture, norms.Cell));
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
