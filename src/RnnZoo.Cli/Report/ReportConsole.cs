using Spectre.Console;
using Spectre.Console.Rendering;

namespace RnnZoo.Cli.Report;

/// <summary>Makes consoles for tables: with colours on a terminal, plain text in files and pipes.</summary>
internal static class ReportConsole
{
    /// <summary>Writes a table to standard output.</summary>
    public static void Write(CliHost host, Table table) => Write(Create(host.Output, host.OutputIsTerminal, host.Width), table);

    /// <summary>
    /// Writes a table. One that is too wide is drawn without a frame; one that still is gets lines longer than the
    /// console's, for these can be read, and a number that is cut in two cannot.
    /// </summary>
    public static void Write(IAnsiConsole console, Table table)
    {
        var wide = console.Profile.Width;
        var frame = table.Columns.Count + 1;
        if (LeastWidth(console, table) + frame > wide)
        {
            table.Border(TableBorder.Simple);
            foreach (var column in table.Columns)
            {
                column.Padding(0, 0, 0, 0);
            }

            console.Profile.Width = Math.Max(wide, LeastWidth(console, table));
        }

        console.Write(table);
        console.Profile.Width = wide;
    }

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

    // No word of a cell is broken at this width, but for what a frame takes.
    private static int LeastWidth(IAnsiConsole console, Table table) =>
        ((IRenderable)table).Measure(RenderOptions.Create(console), 10_000).Min;
}
