using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>Where a net's training starts.</summary>
/// <param name="LearningRate">The learning rate, with Adam.</param>
/// <param name="Initialisation">The name of an initialisation, as <see cref="Initialisations"/> reads it.</param>
internal sealed record CompareStart(double LearningRate, string Initialisation);
