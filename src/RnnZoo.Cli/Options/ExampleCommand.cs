using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace RnnZoo.Cli.Options;

/// <summary>A command whose help ends with an example.</summary>
/// <param name="name">The word that calls it.</param>
/// <param name="description">What it does.</param>
/// <param name="examples">Whole command lines that work, each with a word on what it does.</param>
internal class ExampleCommand(string name, string description, params IReadOnlyList<(string Line, string Meaning)> examples)
    : Command(name, description)
{
    public IReadOnlyList<(string Line, string Meaning)> Examples => examples;

    /// <summary>Whether an option was written, and is not its default.</summary>
    protected static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Adds options, in the order in which the help shows them.</summary>
    protected void AddOptions(params IEnumerable<Option> options)
    {
        foreach (var option in options)
        {
            Add(option);
        }
    }
}

/// <summary>The usual help, then the examples of the command, or of the commands below it.</summary>
internal sealed class ExampleHelp(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var examples = ExamplesOf(parseResult.CommandResult.Command).ToArray();
        if (examples.Length > 0)
        {
            output.WriteLine("Examples:");
            foreach (var (line, meaning) in examples)
            {
                output.WriteLine($"  # {meaning}");
                output.WriteLine($"  {line}");
            }
        }

        return ExitCodes.Success;
    }

    private static IEnumerable<(string Line, string Meaning)> ExamplesOf(Command command)
        => command is ExampleCommand { Examples.Count: > 0 } own
            ? own.Examples
            : command.Subcommands.SelectMany(below => ExamplesOf(below).Take(1));
}
