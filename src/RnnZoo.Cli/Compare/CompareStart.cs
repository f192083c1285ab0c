using RnnZoo.Modules;

namespace RnnZoo.Cli.Compare;

/// <summary>Where a net's training starts.</summary>
/// <param name="LearningRate">The learning rate, with Adam.</param>
/// <param name="Initialisation">The name of an initialisation, as <see cref="Initialisers.Named"/> takes it.</param>
internal sealed record CompareStart(double LearningRate, string Initialisation);
