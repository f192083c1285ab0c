using RnnZoo.Cli.Options;
using RnnZoo.Modules;
using RnnZoo.Training;
using RnnZoo.Zoo;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Zoo;

/// <summary>Trains a net on a task as a recipe says.</summary>
internal sealed class SequenceSeedTraining : ISeedTraining
{
    private readonly SequenceRecipe _recipe;
    private readonly TrainingRecorder _recorder;
    private readonly ITrainingObserver _progress;

    /// <summary>Makes the net; the weights are drawn here, from torch's default generator and one of their own.</summary>
    public SequenceSeedTraining(SequenceRecipe recipe, long seed, ZooTrainProgress progress)
    {
        (_recipe, Seed) = (recipe, seed);
        if (!Initialisations.Fits(recipe.Initialisation, recipe.Cell))
        {
            throw new InvalidDataException($"recipe.initialisation: expected one that fits {recipe.Cell} ({string.Join(", ", Initialisations.NamesFor(recipe.Cell))}), joined by +, got '{recipe.Initialisation}'.");
        }

        var steps = recipe.Stages.Sum(stage => (long)stage.Training.Steps);
        _recorder = new TrainingRecorder(seed, steps);
        _progress = progress.ObserverOf(seed, steps, _recorder);
        manual_seed(Seeds.Derive(seed, "weights"));
        Net = recipe.CreateNet();
        Net.Backward = recipe.Backward;
        using var generator = new Generator((ulong)Seeds.Derive(seed, "initialisation"));
        Initialisations.Create(recipe.Initialisation, recipe.Task.Create().Length).Apply(Net, generator);
    }

    public long Seed { get; }

    public SequenceModel Net { get; }

    public SeedOutcome? Run(CancellationToken cancellation)
    {
        var (steps, seconds, ended) = (0, 0.0, "");
        for (var stage = 0; stage < _recipe.Stages.Count; stage++)
        {
            var task = _recipe.TaskOf(stage);
            var options = _recipe.Stages[stage].Training with { Seed = Seeds.Derive(Seed, "stage", stage) };
            var result = new Trainer(Net, task, options, [_progress, _recorder]).Run(cancellation);
            (steps, seconds, ended) = (steps + result.Steps, seconds + result.Seconds, result.Reason.Name(task.Metric.Name));
            if (result.Reason == StopReason.Cancelled)
            {
                return null;
            }

            if (result.Reason == StopReason.Diverged)
            {
                break;
            }
        }

        var metrics = ModelMeasurement.OfTask(Net, _recipe.Task.Create(), _recipe.MeasureSequences, Seeds.Derive(Seed, "stated metrics"));
        return new SeedOutcome(steps, ended, seconds, metrics, _recorder.Entries);
    }

    public void Dispose() => Net.Dispose();
}
