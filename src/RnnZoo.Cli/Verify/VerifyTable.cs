using System.Globalization;
using RnnZoo.Bptt.Verification;
using Spectre.Console;

namespace RnnZoo.Cli.Verify;

/// <summary>The results of a verification for people to read: one row for each cell and pair of ways, then every tensor that failed.</summary>
internal static class VerifyTable
{
    private const int WideEnough = 100; // for the tensor and its place side by side

    private static readonly (string Title, Func<GradientComparison, string> Value)[] Grouping =
    [
        ("cell", check => check.Cell),
        ("path", check => check.Path),
        ("against", check => check.Against.Replace('-', ' ')), // may break there
        ("dtype", check => check.DType),
    ];

    public static void Write(CliHost host, GradientReport report)
    {
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
    }

    private static void Write(CliHost host, GradientComparison[] checks)
    {
        // What is the same in every row is said once, above the table.
        var shared = Grouping[1..].Where(column => checks.Select(column.Value).Distinct().Count() == 1).ToArray();
        host.Output.WriteLine(string.Join(", ", shared.Select(column => $"{column.Title}: {column.Value(checks[0])}")));
        ReportConsole.Create(host.Output, host.OutputIsTerminal, host.Width)
            .Write(Create(checks, [.. Grouping.Except(shared)], narrow: host.Width < WideEnough));
    }

    private static Table Create(GradientComparison[] checks, (string Title, Func<GradientComparison, string> Value)[] columns, bool narrow)
    {
        var table = new Table().Border(TableBorder.Simple);
        AddColumns([.. columns.Select(column => column.Title)], column => column);
        AddColumns(["checks"], column => column.RightAligned().NoWrap());
        AddColumns(narrow ? ["worst tensor"] : ["worst tensor", "where"], column => column.NoWrap());
        AddColumns(["max abs", "max rel"], column => column.RightAligned().NoWrap());
        AddColumns(["passed"], column => column.NoWrap());
        foreach (var group in checks.GroupBy(check => (check.Cell, check.Path, check.Against, check.DType)))
        {
            var worst = group.OrderBy(check => check.Passed).ThenByDescending(check => double.IsNaN(check.MaxRelative) ? double.PositiveInfinity : check.MaxRelative).First();
            string[] tensor = [worst.Tensor, Place(worst)];
            string[] cells =
            [
                .. columns.Select(column => column.Value(worst)),
                group.Count().ToString(CultureInfo.InvariantCulture),
                .. narrow ? [string.Join('\n', tensor)] : tensor,
                Number(worst.MaxAbsolute),
                Number(worst.MaxRelative),
                worst.Passed ? "yes" : "NO",
            ];
            table.AddRow([.. cells.Select(cell => new Text(cell))]); // no markup: places have brackets
        }

        return table;

        void AddColumns(string[] titles, Func<TableColumn, TableColumn> style) =>
            table.AddColumns([.. titles.Select(title => style(new TableColumn(title).Padding(0, 0, narrow ? 0 : 1, 0)))]);
    }

    private static string Number(double value) => value.ToString("0.0e+00", CultureInfo.InvariantCulture);

    private static string Place(GradientComparison check) => $"[{string.Join(", ", check.Index)}]";
}
