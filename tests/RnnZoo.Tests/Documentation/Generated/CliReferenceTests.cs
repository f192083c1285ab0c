using System.CommandLine;
using System.Globalization;
using System.Text;
using RnnZoo.Cli;
using RnnZoo.Cli.Options;

namespace RnnZoo.Tests.Documentation.Generated;

/// <summary>docs/cli.md is made from the commands themselves.</summary>
public class CliReferenceTests
{
    private const string Opening = """
        # The command `rnnzoo`

        This page is made from the commands themselves; `rnnzoo COMMAND --help` says the same. In a checkout the command is `dotnet run --project src/RnnZoo.Cli --`, installed as a [tool](torchsharp.md#packages) it is `rnnzoo`.

        `rnnzoo --version` prints the versions of the program, of TorchSharp and of libtorch. Results go to standard output, progress and errors to standard error. The exit code is 0 after success, 1 after a failed run, 2 after wrong usage (one line says what was expected, what came, and the nearest right name), 130 after an interruption.

        """;

    [Fact]
    public void Page_IsWhatTheCommandsSay()
    {
        using var output = new StringWriter();
        var page = new StringBuilder(Opening.ReplaceLineEndings("\n")).Append('\n');

        foreach (var (path, command) in Visible(CliApplication.CreateRoot(new CliHost(output, output)), "rnnzoo"))
        {
            Write(page, path, command);
        }

        GeneratedFile.Check("docs/cli.md", page.ToString().TrimEnd('\n') + "\n");
    }

    private static IEnumerable<(string Path, Command Command)> Visible(Command parent, string path) => parent.Subcommands
        .Where(command => !command.Hidden)
        .OrderBy(command => command.Name, StringComparer.Ordinal)
        .SelectMany(command => Visible(command, $"{path} {command.Name}").Prepend(($"{path} {command.Name}", command)));

    private static void Write(StringBuilder page, string path, Command command)
    {
        page.Append(CultureInfo.InvariantCulture, $"## {path}\n\n{command.Description}\n\n");
        if (command.Subcommands.Any(below => !below.Hidden))
        {
            page.Append(CultureInfo.InvariantCulture, $"Takes a command: {string.Join(", ", command.Subcommands.Where(below => !below.Hidden).Select(below => $"`{below.Name}`").Order(StringComparer.Ordinal))}.\n\n");
        }

        Rows(page, "argument", command.Arguments.Where(argument => !argument.Hidden).Select(argument => (argument.Name, Said(argument), Wanted(argument), Default(argument.Name, argument.HasDefaultValue ? argument.GetDefaultValue() : null))));
        Rows(page, "option", command.Options.Where(option => !option.Hidden).Select(option => (option.Name, Said(option), Wanted(option), Default(option.Name, option.HasDefaultValue ? option.GetDefaultValue() : null))));
        if (command is ExampleCommand { Examples.Count: > 0 } examples)
        {
            page.Append("```bash\n").AppendJoin('\n', examples.Examples.Select(example => $"{example.Line}  # {example.Meaning}")).Append("\n```\n\n");
        }
    }

    private static void Rows(StringBuilder page, string what, IEnumerable<(string Name, string? Description, string Wanted, string Default)> rows)
    {
        var all = rows.ToArray();
        if (all.Length > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {what} | what it does | value | default |\n|---|---|---|---|\n");
            page.AppendJoin('\n', all.Select(row => $"| `{row.Name}` | {Cell(row.Description)} | {Cell(row.Wanted)} | {Cell(row.Default)} |")).Append("\n\n");
        }
    }

    private static string Wanted(Symbol symbol) => symbol is IExpecting value ? value.Expected : "";

    // A description that ends with the choices, which stand under "value" as well, ends before them.
    private static string? Said(Symbol symbol)
        => symbol.Description is { } text && text.EndsWith(')') && text.LastIndexOf(" (", StringComparison.Ordinal) is var start and > 0
            && Wanted(symbol).Contains(text[(start + 2)..^1], StringComparison.Ordinal) ? text[..start] : symbol.Description;

    // What depends on the machine is no part of the page.
    private static string Default(string name, object? value) => value switch
    {
        null or false => "",
        int when name == "--threads" => "as many as there are processors",
        { } when name == "--threads" => "1 and as many as there are processors",
        _ => string.Create(CultureInfo.InvariantCulture, $"`{value}`"),
    };

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|");
}
