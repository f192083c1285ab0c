using System.Text.Json.Serialization;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

/// <summary>How a model of a task on sequences is trained.</summary>
public sealed record SequenceRecipe : ModelRecipe
{
    /// <summary>What the model is for and measured on.</summary>
    public required TaskRecipe Task { get; init; }

    /// <summary>The net.</summary>
    public required NetRecipe Net { get; init; }

    /// <summary>The initialisation, as <c>rnnzoo compare --init</c> takes it, for the length of the task's sequences.</summary>
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

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        var task = Require.Within("recipe.task", Task.Create);
        Require.Within("recipe.net", Net.Check);
        Require.That(Initialisation.Length > 0, "recipe.initialisation", "a name, as default", Initialisation);
        Require.That(MeasureSequences >= 2_000, "recipe.measureSequences", "at least 2000", MeasureSequences);
        Require.That(Stages.Count > 0, "recipe.stages", "at least one", 0);
        for (var stage = 0; stage < Stages.Count; stage++)
        {
            var at = stage;
            var own = Require.Within($"recipe.stages[{at}].task", () => TaskOf(at));
            foreach (var trained in Stages[at].Training.Curriculum.Select(lesson => lesson.Task).Prepend(own))
            {
                Require.That((trained.InputSize, trained.OutputSize) == (task.InputSize, task.OutputSize), $"recipe.stages[{at}]", $"tasks with the inputs and outputs of '{task.Name}'", trained.Name);
            }

            Require.Within($"recipe.stages[{at}].training", Stages[at].Check);
        }
    }
}
