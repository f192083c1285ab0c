using RnnZoo.Training;

namespace RnnZoo.Cli.Commands;

/// <summary>Shows how the trainings of a comparison get on.</summary>
internal interface IProgressDisplay
{
    /// <summary>Is told about a job, on the thread that trains it; null if the display looks by itself.</summary>
    ITrainingObserver? ObserverOf(CompareJob job);

    /// <summary>Shows progress on the calling thread.</summary>
    /// <param name="isDone">Whether to return.</param>
    void ShowUntil(Func<bool> isDone);
}
