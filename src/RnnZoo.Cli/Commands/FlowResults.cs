namespace RnnZoo.Cli.Commands;

/// <summary>Everything that a run found.</summary>
/// <param name="Curves">Gradient norms against distance.</param>
/// <param name="Trainings">Gradient norms in training, of trainings that have ended.</param>
/// <param name="IsPartial">Whether the run was interrupted.</param>
internal sealed record FlowResults(IReadOnlyList<FlowCurve> Curves, IReadOnlyList<FlowTraining> Trainings, bool IsPartial);
