using RnnZoo.Modules;

namespace RnnZoo.Cli.Zoo;

/// <summary>The training of one seed of a recipe: made on one thread, run on another.</summary>
internal interface ISeedTraining : IDisposable
{
    long Seed { get; }

    /// <summary>The net: its weights are the result.</summary>
    SequenceModel Net { get; }

    /// <summary>Trains to the end.</summary>
    /// <param name="cancellation">Ends the training after the step under way.</param>
    /// <returns>What came of it; null if it was cancelled.</returns>
    SeedOutcome? Run(CancellationToken cancellation);
}
