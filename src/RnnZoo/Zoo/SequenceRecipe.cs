using System.Text.Json.Serialization;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Zoo;

/// <summary>How a model of a task on sequences is trained.</summary>
public sealed record SequenceRecipe : ModelRecipe
{
    /// <summary>What the model is for and measured on.</summary>
    public required TaskRecipe Task { get; init; }

    /// <summary>The net.</summary>
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

    /// <inheritdoc/>
    [JsonIgnore]
    public override string TaskName => Task.Name;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Cell => Net.Cell;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int Hidden => Net.Hidden;

    /// <inheritdoc/>
    [JsonIgnore]
    public override bool CanTrainSideBySide => Threads == 1;

    /// <summary>The task of a stage.</summary>
    /// <param name="stage">From 0.</param>
    public ISequenceTask TaskOf(int stage) => (Stages[stage].Task ?? Task).Create();

    /// <summary>Makes the net, with PyTorch's default weights drawn from torch's default generator.</summary>
    /// <returns>The net; the caller disposes it.</returns>
    public SequenceModel CreateNet()
    {
        var task = Task.Create();
        return SequenceModel.Create(Net.Cell, task.InputSize, Net.Hidden, task.OutputSize, Net.Layers);
    }

    private protected override TrainedSeed TrainOne(long seed, RecipeRun run, CancellationToken cancellation)
    {
        CheckInitialisation();
        var net = DrawNet(seed);
        try
        {
            var recorder = new TrainingRecorder(seed, Stages.Sum(stage => (long)stage.Training.Steps));
            var (reason, ended, steps, seconds) = TrainStages(net, seed, run.Observer is { } observer ? [observer, recorder] : [recorder], cancellation);
            IReadOnlyList<MetricValue> metrics = reason == StopReason.Cancelled ? [] : ModelMeasurement.OfTask(net, Task.Create(), MeasureSequences, RnnZoo.Seeds.Derive(seed, "stated metrics"));
            return new TrainedSeed(seed, net, null) { Reason = reason, Ended = ended, Steps = steps, Seconds = seconds, Metrics = metrics, Log = recorder.Entries };
        }
        catch
        {
            net.Dispose();
            throw;
        }
    }

    // Of a model that is only loaded it does not matter.
    private void CheckInitialisation()
    {
        var net = RecurrentNets.Named(Cell);
        Check.That(net.Fits(Initialisation), "recipe.initialisation", $"one that fits {Cell} ({string.Join(", ", net.Starts)}), joined by +", Initialisation);
        Check.Within("recipe.initialisation", () => Initialisers.Named(Initialisation, Task.Create().Length));
    }

    private SequenceModel DrawNet(long seed)
    {
        lock (DrawingWeights)
        {
            manual_seed(RnnZoo.Seeds.Derive(seed, "weights"));
            var net = CreateNet();
            try
            {
                net.Backward = Backward;
                using var generator = new Generator((ulong)RnnZoo.Seeds.Derive(seed, "initialisation"));
                Initialisers.Named(Initialisation, Task.Create().Length).Apply(net, generator);
                return net;
            }
            catch
            {
                net.Dispose();
                throw;
            }
        }
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

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        var task = Check.Within("recipe.task", Task.Create);
        Check.Within("recipe.net", Net.Validate);
        Check.That(Initialisation.Length > 0, "recipe.initialisation", "a name, as default", Initialisation);
        Check.That(MeasureSequences >= 2_000, "recipe.measureSequences", "at least 2000", MeasureSequences);
        Check.That(Stages.Count > 0, "recipe.stages", "at least one", 0);
        for (var stage = 0; stage < Stages.Count; stage++)
        {
            var at = stage;
            var own = Check.Within($"recipe.stages[{at}].task", () => TaskOf(at));
            foreach (var trained in Stages[at].Training.Curriculum.Select(lesson => lesson.Task).Prepend(own))
            {
                Check.That((trained.InputSize, trained.OutputSize) == (task.InputSize, task.OutputSize), $"recipe.stages[{at}]", $"tasks with the inputs and outputs of '{task.Name}'", trained.Name);
            }

            Check.Within($"recipe.stages[{at}].training", Stages[at].Training.Validate);
        }
    }
}

/// <summary>A task on sequences.</summary>
public sealed record TaskRecipe
{
    /// <summary>Its name: one of <see cref="SequenceTasks.Names"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The numbers that it is posed with, such as <c>delay</c>.</summary>
    public required IReadOnlyDictionary<string, long> Settings { get; init; }

    /// <summary>Makes the task.</summary>
    /// <exception cref="ArgumentException">Name or settings do not fit; the message names them.</exception>
    public ISequenceTask Create() => SequenceTasks.Create(Name, Settings);
}

/// <summary>What a net is made of.</summary>
public sealed record NetRecipe
{
    /// <summary>The cell's name, as <see cref="SequenceModel.Create"/> takes it.</summary>
    public required string Cell { get; init; }

    /// <summary>H.</summary>
    public required int Hidden { get; init; }

    /// <summary>L.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Check.That(Hidden >= 1, "hidden", "at least 1", Hidden);
        Check.That(Layers >= 1, "layers", "at least 1", Layers);
        Check.That(RecurrentNets.Names.Contains(Cell), "cell", $"one of {string.Join(", ", RecurrentNets.Names)}", Cell);
    }
}

/// <summary>One training of a recipe.</summary>
public sealed record TrainingStage
{
    /// <summary>What is trained on; null for the model's own task.</summary>
    public TaskRecipe? Task { get; init; }

    /// <summary>How; the seed is derived from the recipe's.</summary>
    public required TrainingOptions Training { get; init; }
}
