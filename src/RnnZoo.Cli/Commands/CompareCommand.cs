using System.CommandLine;
using RnnZoo.Cli.CommandLine;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo compare`: trains several nets on one task, under the same conditions.</summary>
internal static class CompareCommand
{
    public static Command Create(CliHost host) => new ExampleCommand("compare", "Trains several recurrent nets on one task, under the same conditions.")
    {
        CompareCopyCommand.Create(host),
    };
}
