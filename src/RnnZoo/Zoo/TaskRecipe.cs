using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

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
