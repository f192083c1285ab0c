using System.CommandLine;
using System.CommandLine.Parsing;

namespace RnnZoo.Cli.Options;

/// <summary>Says in one line what is wrong with a command line.</summary>
internal static class UsageErrors
{
    /// <summary>The first error.</summary>
    /// <param name="parsed">The command line.</param>
    /// <returns>One line, or null if nothing is wrong.</returns>
    public static string? FirstOf(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // A misspelt option of a command that takes a name is matched as that name.
        if (parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).FirstOrDefault(token => token.Value.StartsWith("--", StringComparison.Ordinal)) is { } option)
        {
            return Unknown(option.Value, command);
        }

        if (parsed.UnmatchedTokens.Count > 0)
        {
            return Unknown(parsed.UnmatchedTokens[0], command);
        }

        if (command.Action is null)
        {
            return $"{FullName(command)}: expected a command ({Words(command)}), got none; see {FullName(command)} --help.";
        }

        return Incomplete(parsed) ?? parsed.Errors.Select(error => error.Message).FirstOrDefault();
    }

    /// <summary>An option with no value, or with more than one.</summary>
    private static string? Incomplete(ParseResult parsed)
    {
        foreach (var result in parsed.CommandResult.Children.OfType<OptionResult>().Where(result => !result.Implicit))
        {
            if (result.Option is IExpecting option && result.Tokens.Count != 1)
            {
                var got = result.Tokens.Count == 0 ? "nothing" : string.Join(", ", result.Tokens.Select(token => $"'{token.Value}'"));
                return $"{result.Option.Name}: expected {option.Expected}, got {got}.";
            }
        }

        return null;
    }

    private static string Unknown(string token, Command command)
    {
        var isOption = token.StartsWith('-');
        var name = isOption ? token.Split('=', ':')[0] : token;
        IEnumerable<string> known = isOption
            ? Parents(command).SelectMany(parent => parent.Options).SelectMany(option => option.Aliases.Append(option.Name))
            : Visible(command);
        var nearest = Nearest.To(name, known);
        var hint = nearest is not null ? $"did you mean {nearest}?" : $"see {FullName(command)} --help.";
        var what = isOption ? "an option"
            : command.Subcommands.Count > 0 ? $"a command ({Words(command)})"
            : "only options";
        return $"{name}: expected {what} of {FullName(command)}, got '{token}'; {hint}";
    }

    private static string Words(Command command) => string.Join(", ", Visible(command));

    private static IEnumerable<string> Visible(Command command) => command.Subcommands.Where(below => !below.Hidden).Select(below => below.Name);

    private static IEnumerable<Command> Parents(Command command)
        => command.Parents.OfType<Command>().SelectMany(Parents).Prepend(command);

    private static string FullName(Command command)
        => string.Join(' ', Parents(command).Reverse().Select(parent => parent.Name));
}

/// <summary>A command was used wrongly in a way that only shows once its options are seen together.</summary>
/// <param name="message">One line: the option, what was expected, what came.</param>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>What a command was given cannot be read: it fails with one line that says why.</summary>
internal sealed class InputException(string message, Exception problem) : Exception(message, problem)
{
    /// <summary>Reads what an option names.</summary>
    /// <exception cref="InputException">It cannot be read, or is not what it should be.</exception>
    public static T Read<T>(string option, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{option}: {problem.Message}", problem);
        }
    }
}

/// <summary>Finds the word that someone probably meant.</summary>
internal static class Nearest
{
    /// <summary>The known word with the fewest single-letter changes from what was typed, swaps of neighbours counting as one.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="known">The words that exist.</param>
    /// <returns>The nearest one, or null if none is near: more than a third of its letters differ, or more than three.</returns>
    public static string? To(string typed, IEnumerable<string> known)
    {
        // Of a name as short as -h every other one would be near.
        var nearest = known.Where(word => word.Length > 2).Select(word => (Word: word, Distance: Distance(typed, word)))
            .OrderBy(pair => pair.Distance).ThenBy(pair => pair.Word, StringComparer.Ordinal).FirstOrDefault();
        return nearest.Word is { } best && nearest.Distance <= Math.Min(3, Math.Max(1, best.Length / 3)) ? best : null;
    }

    /// <summary>The optimal string alignment distance.</summary>
    internal static int Distance(string left, string right)
    {
        var table = new int[left.Length + 1, right.Length + 1];
        for (var row = 0; row <= left.Length; row++)
        {
            for (var column = 0; column <= right.Length; column++)
            {
                if (row == 0 || column == 0)
                {
                    table[row, column] = row + column;
                    continue;
                }

                var change = left[row - 1] == right[column - 1] ? 0 : 1;
                var best = Math.Min(Math.Min(table[row - 1, column], table[row, column - 1]) + 1, table[row - 1, column - 1] + change);
                var swapped = row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
                table[row, column] = swapped ? Math.Min(best, table[row - 2, column - 2] + 1) : best;
            }
        }

        return table[left.Length, right.Length];
    }
}
