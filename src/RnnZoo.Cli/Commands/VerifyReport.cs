using RnnZoo.Cli.Report;
using RnnZoo.Verification;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>The results of a verification: the report itself, or for people one row for each cell and pair of ways, then every tensor that failed.</summary>
internal static class VerifyReport
{
    private const int Fixed = 6; // the columns after those of the grouping, whose text is kept on its lines

    private static readonly (string Title, Func<GradientComparison, string> Value)[] Grouping =
    [
        ("cell", check => check.Cell),
        ("path", check => check.Path),
        ("against", check => check.Against.Replace('-', ' ')), // may break there
        ("dtype", check => check.DType),
    ];

    public static void Write(CliHost host, GradientReport report, bool json, string summary)
    {
        if (json)
        {
            host.Output.WriteLine(report.ToJson());
            host.Error.WriteLine(summary);
            return;
        }

        // A table for each path where there are several ways to compare with as well, else one for all.
        var many = report.Checks.Select(check => check.Against).Distinct().Count() > 1;
        foreach (var part in report.Checks.GroupBy(check => many ? check.Path : ""))
        {
            Write(host, [.. part]);
        }

        foreach (var check in report.Failures)
        {
            host.Output.WriteLine(
                $"failed: {check.Cell} ({check.Net}), {check.DType}, {check.Path} against {check.Against}: {check.Tensor} {Place(check)}: max absolute {Number(check.MaxAbsolute)}, max relative {Number(check.MaxRelative)}");
        }

        host.Output.WriteLine(summary);
    }

    private static void Write(CliHost host, GradientComparison[] checks)
    {
        // What is the same in every row is said once, above the table.
        var shared = Grouping[1..].Where(column => checks.Select(column.Value).Distinct().Count() == 1).ToArray();
        host.Output.WriteLine(string.Join(", ", shared.Select(column => $"{column.Title}: {column.Value(checks[0])}")));
        var columns = Grouping.Except(shared).ToArray();
        string[][] rows =
        [
            [.. columns.Select(column => column.Title), "checks", "worst tensor", "where", "max abs", "max rel", "passed"],
            .. checks.GroupBy(check => (check.Cell, check.Path, check.Against, check.DType)).Select(group => Row(columns, [.. group])),
        ];
        var narrow = Width(rows) > host.Width;
        ReportConsole.Create(host.Output, host.OutputIsTerminal, host.Width).Write(Create(narrow ? [.. rows.Select(Stacked)] : rows, columns.Length, narrow));
    }

    private static string[] Row((string Title, Func<GradientComparison, string> Value)[] columns, GradientComparison[] group)
    {
        var worst = group.OrderBy(check => check.Passed).ThenByDescending(check => double.IsNaN(check.MaxRelative) ? double.PositiveInfinity : check.MaxRelative).First();
        return
        [
            .. columns.Select(column => column.Value(worst)),
            group.Length.ToString(),
            worst.Tensor,
            Place(worst),
            Number(worst.MaxAbsolute),
            Number(worst.MaxRelative),
            worst.Passed ? "yes" : "NO",
        ];
    }

    /// <summary>What a table needs to break no word: its columns, a space after each, and the borders.</summary>
    private static int Width(string[][] rows)
    {
        var words = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Split(column < rows[0].Length - Fixed ? ' ' : '\n').Max(word => word.Length)));
        return words.Sum(width => width + 2) + 1;
    }

    /// <summary>A row for a narrow terminal: the tensor above its place, the absolute error above the relative one.</summary>
    private static string[] Stacked(string[] row)
        => [row[0].Replace("-", "-\n", StringComparison.Ordinal), .. row[1..^5], $"{row[^5]}\n{row[^4]}", $"{row[^3]}\n{row[^2]}", row[^1]];

    private static Table Create(string[][] rows, int breaking, bool narrow)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (title, place) in rows[0].Select((title, place) => (title, place)))
        {
            var column = new TableColumn(title).Padding(0, 0, narrow ? 0 : 1, 0);
            column.NoWrap = place >= breaking;
            column.Alignment = title == "checks" || title.StartsWith("max", StringComparison.Ordinal) ? Justify.Right : null;
            table.AddColumn(column);
        }

        foreach (var row in rows[1..])
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]); // no markup: places have brackets
        }

        return table;
    }

    private static string Number(double value) => value.ToString("0.0e+00"); // NaN and infinity too

    private static string Place(GradientComparison check) => $"[{string.Join(", ", check.Index)}]";
}
