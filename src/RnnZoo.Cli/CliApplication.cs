using System.CommandLine;
using System.CommandLine.Help;
using RnnZoo.Cli.Commands;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;

namespace RnnZoo.Cli;

/// <summary>The `rnnzoo` command: finds the command that was asked for, runs it, and turns failures into one line and an exit code.</summary>
internal static class CliApplication
{
    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">What stands after `rnnzoo`.</param>
    /// <param name="host">Where it runs.</param>
    /// <param name="cancellation">Ends a run cleanly.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliHost host, CancellationToken cancellation = default)
    {
        var root = CreateRoot(host);
        arguments = arguments is ["help", ..] ? [.. arguments.Skip(1), "--help"] : arguments;
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var asksForHelp = parsed.Action is ExampleHelp or VersionAction;
        if (!asksForHelp && UsageErrors.FirstOf(parsed) is { } error)
        {
            await host.Error.WriteLineAsync(error);
            return ExitCodes.Usage;
        }

        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = host.Output,
                Error = host.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (UsageException wrong)
        {
            await host.Error.WriteLineAsync(OneLine(wrong.Message));
            return ExitCodes.Usage;
        }
        catch (Exception unreadable) when (unreadable is InputException or InvalidDataException)
        {
            await host.Error.WriteLineAsync(unreadable.Message.ReplaceLineEndings(" "));
            return ExitCodes.Failure;
        }
        catch (OperationCanceledException)
        {
            await host.Error.WriteLineAsync("rnnzoo: interrupted.");
            return ExitCodes.Interrupted;
        }
        catch (Exception failure)
        {
            await host.Error.WriteLineAsync($"rnnzoo: {failure.GetType().Name}: {OneLine(failure.Message)}");
            return ExitCodes.Failure;
        }
    }

    /// <summary>All commands; a new one is added here.</summary>
    /// <param name="host">Where they run.</param>
    /// <returns>The root of the command line.</returns>
    internal static Command CreateRoot(CliHost host)
    {
        // Not a RootCommand, for that one takes its name from the file that runs.
        var help = new HelpOption();
        help.Action = new ExampleHelp((HelpAction)help.Action!);
        return new Command("rnnzoo", "Trains, checks and compares recurrent nets.")
        {
            help,
            new VersionOption { Action = new VersionAction() },
            new BenchCommand(host),
            MemoryProbe.CreateCommand(host),
            CompareCommand.CreateAll(host),
            new FlowCommand(host),
            new LyapunovCommand(host),
            new NotebooksCommand(host),
            new SampleCommand(host),
            new SweepCommand(host),
            new TbpttCommand(host),
            RowJob.CreateCommand(host),
            new Command("train", "Trains a model.") { new TrainCharsCommand(host) },
            new VerifyCommand(host),
            ZooCommand.CreateAll(host),
        };
    }

    // What libtorch says goes on with its call stack.
    private static string OneLine(string message)
        => string.Join(' ', message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .TakeWhile(line => !line.StartsWith("frame #", StringComparison.Ordinal) && !line.StartsWith("Exception raised from ", StringComparison.Ordinal)));
}
