using System.Text.Json.Serialization;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Zoo;

/// <summary>How a model of a task on sequences is trained.</summary>
internal sealed record SequenceRecipe : ModelRecipe
{
    /// <summary>What the model is for and measured on.</summary>
    public required ISequenceTask Task { get; init; }

    public required NetRecipe Net { get; init; }

    /// <summary>The initialisation, as <see cref="Initialisers.Named"/> takes it, for the length of the task's sequences.</summary>
    public required string Initialisation { get; init; }

    /// <summary>
    /// The trainings, one after the other, on the same net, each with a new optimizer: one for most models, several for a
    /// curriculum.
    /// </summary>
    public required IReadOnlyList<TrainingStage> Stages { get; init; }

    /// <summary>How many fresh sequences the stated metrics are measured on.</summary>
    public int MeasureSequences { get; init; } = 10_000;

    internal override string TaskName => Task.Name;

    internal override string Cell => Net.Cell;

    internal override int Hidden => Net.Hidden;

    [JsonIgnore]
    public override bool CanTrainSideBySide => Threads == 1;

    internal override ISequenceTask? LearntTask => Task;

    /// <summary>The task of a stage, counted from 0.</summary>
    public ISequenceTask TaskOf(int stage) => Stages[stage].Task ?? Task;

    /// <summary>Makes the net, with PyTorch's default weights drawn from torch's default generator.</summary>
    public SequenceModel CreateNet() => SequenceModel.Create(Net.Cell, Task.InputSize, Net.Hidden, Task.OutputSize, Net.Layers, settings: Net.Settings);

    private protected override TrainedSeed TrainOne(long seed, RecipeRun run, CancellationToken cancellation)
    {
        var initialiser = NamedInitialiser();
        SequenceModel net;
        lock (DrawingWeights)
        {
            manual_seed(RnnZoo.Seeds.Derive(seed, "weights"));
            net = CreateNet();
        }

        try
        {
            net.Backward = Backward;
            using var generator = new Generator((ulong)RnnZoo.Seeds.Derive(seed, "initialisation"));
            initialiser.Apply(net, generator);
            var recorder = new TrainingRecorder(seed, Stages.Sum(stage => (long)stage.Training.Steps));
            var (reason, ended, steps, seconds) = TrainStages(net, seed, run.Observer is { } observer ? [observer, recorder] : [recorder], cancellation);
            IReadOnlyList<MetricValue> metrics = reason == StopReason.Cancelled ? [] : ModelMeasurement.OfTask(net, Task, MeasureSequences, RnnZoo.Seeds.Derive(seed, "stated metrics"));
            return new TrainedSeed(seed, net, null) { Reason = reason, Ended = ended, Steps = steps, Seconds = seconds, Metrics = metrics, Log = recorder.Entries };
        }
        catch
        {
            net.Dispose();
            throw;
        }
    }

    // Is checked here, for of a model that is only loaded it does not matter.
    private Initialiser NamedInitialiser()
    {
        var net = RecurrentNets.Named(Cell);
        Check.That(net.Fits(Initialisation), "recipe.initialisation", $"one that fits {Cell} ({string.Join(", ", net.Starts)}), joined by +", Initialisation);
        return Check.Within("recipe.initialisation", () => Initialisers.Named(Initialisation, Task.Length));
    }

    private (StopReason Reason, string Ended, int Steps, double Seconds) TrainStages(SequenceModel net, long seed, ITrainingObserver[] observers, CancellationToken cancellation)
    {
        var (reason, ended, steps, seconds) = (StopReason.StepLimit, "", 0, 0.0);
        for (var stage = 0; stage < Stages.Count && reason is not (StopReason.Cancelled or StopReason.Diverged); stage++)
        {
            var task = TaskOf(stage);
            var options = Stages[stage].Training with { Seed = RnnZoo.Seeds.Derive(seed, "stage", stage) };
            var result = new Trainer(net, task, options, observers).Run(cancellation);
            (reason, ended, steps, seconds) = (result.Reason, result.Reason.Name(task.Metric.Name), steps + result.Steps, seconds + result.Seconds);
        }

        return (reason, ended, steps, seconds);
    }

    internal override void Validate()
    {
        base.Validate();
        Check.Within("recipe.net", Net.Validate);
        Check.That(Initialisation.Length > 0, "recipe.initialisation", "a name, as default", Initialisation);
        Check.That(MeasureSequences >= 2_000, "recipe.measureSequences", "at least 2000", MeasureSequences);
        Check.That(Stages.Count > 0, "recipe.stages", "at least one", 0);
        for (var stage = 0; stage < Stages.Count; stage++)
        {
            var training = Stages[stage].Training;
            foreach (var trained in training.Curriculum.Select(lesson => lesson.Task).Prepend(TaskOf(stage)))
            {
                Check.That((trained.InputSize, trained.OutputSize) == (Task.InputSize, Task.OutputSize), $"recipe.stages[{stage}]", $"tasks with the inputs and outputs of '{Task.Name}'", trained.Name);
            }

            Check.Within($"recipe.stages[{stage}].training", training.Validate);
        }
    }
}

/// <summary>What a net is made of.</summary>
/// <param name="Cell">The cell's name, as <see cref="SequenceModel.Create"/> takes it.</param>
/// <param name="Hidden">H.</param>
/// <param name="Layers">L.</param>
internal sealed record NetRecipe(string Cell, int Hidden, int Layers = 1)
{
    /// <summary>Constants of its equations (<see cref="RecurrentNet.Settings"/>); null for the usual ones.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Settings { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check.That(Hidden >= 1, "hidden", "at least 1", Hidden);
        Check.That(Layers >= 1, "layers", "at least 1", Layers);
        Check.That(RecurrentNets.Names.Contains(Cell), "cell", $"one of {string.Join(", ", RecurrentNets.Names)}", Cell);
        if (Settings is not null)
        {
            using var smallest = (nn.Module)RecurrentNets.Named(Cell).Make(new NetOptions(1, 1) { Settings = Settings }); // says what is out of its range
        }
    }
}

/// <summary>One training of a recipe.</summary>
internal sealed record TrainingStage
{
    /// <summary>What is trained on; null for the model's own task.</summary>
    public ISequenceTask? Task { get; init; }

    /// <summary>How; the seed is derived from the recipe's.</summary>
    public required TrainingOptions Training { get; init; }
}
