using Spectre.Console;

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
