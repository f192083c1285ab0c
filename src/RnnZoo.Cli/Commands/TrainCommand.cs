using System.CommandLine;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo train`: trains one model.</summary>
internal static class TrainCommand
{
    public static Command Create(CliHost host) => new ExampleCommand("train", "Trains a model.")
    {
        TrainCharsCommand.Create(host),
    };
}
