using System.CommandLine;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo compare`: trains several nets on one task, under the same conditions.</summary>
internal static class CompareCommand
{
    public static Command Create(CliHost host)
    {
        var command = new ExampleCommand("compare", "Trains several recurrent nets on one task, under the same conditions.");
        foreach (var task in CompareTasks.All)
        {
            command.Add(CompareTaskCommand.Create(host, task));
        }

        return command;
    }
}
