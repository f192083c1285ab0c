using Spectre.Console;
using Spectre.Console.Rendering;

namespace RnnZoo.Cli.Report;

/// <summary>A column of a table: its title, and what stands in it.</summary>
/// <typeparam name="T">What a row is about.</typeparam>
/// <param name="Title">Plain text.</param>
/// <param name="Text">The cell of a row; plain text unless <see cref="IsMarkup"/>.</param>
internal sealed record Column<T>(string Title, Func<T, string> Text)
{
    /// <summary>A column of numbers, which stand on the right; a dash where there is none.</summary>
    /// <param name="title">Plain text.</param>
    /// <param name="number">The number of a row.</param>
    /// <param name="format">A .NET number format.</param>
    public Column(string title, Func<T, double?> number, string format)
        : this(title, row => NumberText.Of(number(row), format)) => IsRight = true;

    public bool IsRight { get; init; }

    /// <summary>Whether a cell may break between words.</summary>
    public bool Wraps { get; init; }

    /// <summary>Whether cells have colours, as Spectre.Console writes them.</summary>
    public bool IsMarkup { get; init; }
}

/// <summary>Tables with a row for each thing that was measured.</summary>
internal static class ReportTable
{
    public static Table Of<T>(TableBorder border, IEnumerable<T> rows, params IReadOnlyList<Column<T>> columns)
    {
        var table = new Table().Border(border);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column.Title)) { NoWrap = !column.Wraps, Alignment = column.IsRight ? Justify.Right : null });
        }

        foreach (var row in rows)
        {
            table.AddRow([.. columns.Select(column => column.IsMarkup ? column.Text(row) : Markup.Escape(column.Text(row)))]);
        }

        return table;
    }
}

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
