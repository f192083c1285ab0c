using Spectre.Console;

namespace RnnZoo.Cli;

/// <summary>Makes consoles for tables: with colours on a terminal, plain text in files and pipes.</summary>
internal static class ReportConsole
{
    public static IAnsiConsole Create(TextWriter writer, bool isTerminal, int width)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        console.Profile.Capabilities.Unicode = true;
        if (!isTerminal)
        {
            console.Profile.Width = width;
        }

        return console;
    }
}
