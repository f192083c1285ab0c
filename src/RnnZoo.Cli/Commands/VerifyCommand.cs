using System.CommandLine;
using System.Diagnostics;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Modules;
using RnnZoo.Verification;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo verify`: whether the hand-written gradients are right.</summary>
internal sealed class VerifyCommand : ExampleCommand
{
    private readonly ValueOption<ValueList<string>> _cells = Values.Choices(
        "--cells", "The cells to verify", RecurrentNets.Names, RecurrentNets.Names);

    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where parameters, inputs and cotangents come from", 1);

    private readonly ValueOption<string?> _cases = Values.Text(
        "--cases", "Check every path against the reference cases from PyTorch in this folder (each *.json), in place of the built-in suite", "a folder");

    private readonly Option<bool> _json = Values.Json();

    public VerifyCommand(CliHost host)
        : base(
            "verify",
            "Compares outputs and gradients of the hand-written recurrences with autograd, libtorch's own modules and finite differences. Exit code 1 if anything differs.",
            ("rnnzoo verify", "each cell with 1 and 2 layers, one and both directions, in float64 and float32"),
            ("rnnzoo verify --cases tests/RnnZoo.Tests/PyTorchCases --json > checks.json", "every path against PyTorch's numbers, results for programs"))
    {
        AddOptions(_cells, _seed, _cases, _json);
        SetAction((parsed, cancellation) => Task.FromResult(Create(host, parsed).Run(cancellation)));
    }

    private VerifyRun Create(CliHost host, ParseResult parsed)
    {
        var cases = parsed.GetValue(_cases);
        if (cases is not null && IsGiven(parsed, _seed))
        {
            throw new UsageException("--seed: expected no seed together with --cases, where nothing is drawn; leave one of the two out.");
        }

        return new VerifyRun(host, parsed.GetValue(_cells)!.Items, (ulong)parsed.GetValue(_seed), cases, parsed.GetValue(_json));
    }
}

/// <summary>One verification, of the built-in suite or of a folder of reference cases.</summary>
internal sealed class VerifyRun(CliHost host, IReadOnlyList<string> cells, ulong seed, string? folder, bool json)
{
    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var cases = folder is null ? null : InputException.Read("--cases", () => Read(Path.Combine(host.WorkingDirectory, folder)));
        var report = Verify(cases, cancellation);
        var verdict = report.Passed ? "all passed" : $"{report.Failures.Count():#,0} failed";
        host.Print(json, () => report.ToJson() + "\n", () => VerifyReport.Show(host, report), $"{report.Checks.Count:#,0} checks in {watch.Elapsed.TotalSeconds:0.0} s: {verdict}.");
        return report.Passed ? ExitCodes.Success : ExitCodes.Failure;
    }

    private GradientReport Verify(IReadOnlyList<PyTorchCase>? cases, CancellationToken cancellation)
    {
        using var progress = new VerifyProgress(host);
        void Take(GradientReport report)
        {
            progress.Add(report);
            cancellation.ThrowIfCancellationRequested();
        }

        if (cases is null)
        {
            return VerificationSuite.Run(seed, Take, cells);
        }

        return GradientReport.Join([.. cases.Select(item =>
        {
            var report = item.Check();
            Take(report);
            return report;
        })]);
    }

    /// <summary>Reads and checks all files, before anything is computed.</summary>
    private PyTorchCase[] Read(string path)
    {
        PyTorchCase[] cases = [.. PyTorchCase.ReadFolder(path).Where(item => cells.Contains(CellOf(item)))];
        Array.ForEach(cases, item => item.ThrowIfInvalid());
        return cases.Length > 0 ? cases : throw new InvalidDataException($"{path}: expected at least one case of {string.Join(", ", cells)}, found none.");
    }

    private static string CellOf(PyTorchCase item) => item.Module switch
    {
        "LSTM" => "lstm",
        "GRU" => "gru",
        _ => "vanilla",
    };
}

/// <summary>How far a verification is: a line that changes on a terminal, else one line per net.</summary>
internal sealed class VerifyProgress(CliHost host) : IDisposable
{
    private readonly StatusLine _status = new(host);
    private (string Cell, string Net) _net;
    private int _checks;
    private int _failed;

    public void Add(GradientReport report)
    {
        var net = (report.Checks[0].Cell, report.Checks[0].Net);
        if (net != _net && !host.ErrorIsTerminal)
        {
            Show();
        }

        _net = net;
        _checks += report.Checks.Count;
        _failed += report.Failures.Count();
        if (host.ErrorIsTerminal)
        {
            Show();
        }
    }

    public void Dispose()
    {
        if (!host.ErrorIsTerminal)
        {
            Show();
        }

        _status.Dispose();
    }

    private void Show()
    {
        if (_checks > 0)
        {
            _status.Show($"{_net.Cell} ({_net.Net}): {_checks:#,0} checks so far, {_failed:#,0} failed");
        }
    }
}

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

    public static void Show(CliHost host, GradientReport report)
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
        var columns = rows[0].Select((title, place) => new Column<string[]>(title, row => row[place])
        {
            Wraps = place < breaking,
            IsRight = title == "checks" || title.StartsWith("max", StringComparison.Ordinal),
        });
        var table = ReportTable.Of(TableBorder.Simple, rows[1..], [.. columns]);
        foreach (var column in table.Columns)
        {
            column.Padding(0, 0, narrow ? 0 : 1, 0);
        }

        return table;
    }

    private static string Number(double value) => value.ToString("0.0e+00"); // NaN and infinity too

    private static string Place(GradientComparison check) => $"[{string.Join(", ", check.Index)}]";
}
