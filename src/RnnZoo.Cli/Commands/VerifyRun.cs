using System.Diagnostics;
using System.Globalization;
using RnnZoo.Verification;

namespace RnnZoo.Cli.Commands;

/// <summary>One verification from its settings to its report.</summary>
internal sealed class VerifyRun(CliHost host, VerifySettings settings, bool json)
{
    public int Run(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        IReadOnlyList<PyTorchCase> cases = [];
        if (settings.Cases is { } folder && !TryRead(folder, out cases))
        {
            return ExitCodes.Failure;
        }

        var report = Verify(cases, cancellation);
        var summary = Summary(report, watch.Elapsed);
        if (json)
        {
            host.Output.WriteLine(report.ToJson());
            host.Error.WriteLine(summary);
        }
        else
        {
            VerifyTable.Write(host, report);
            host.Output.WriteLine(summary);
        }

        return report.Passed ? ExitCodes.Success : ExitCodes.Failure;
    }

    private GradientReport Verify(IReadOnlyList<PyTorchCase> cases, CancellationToken cancellation)
    {
        using var progress = new VerifyProgress(host);
        void Take(GradientReport report)
        {
            progress.Add(report);
            cancellation.ThrowIfCancellationRequested();
        }

        if (settings.Cases is null)
        {
            return VerificationSuite.Run(settings.Seed, Take, settings.Cells);
        }

        return GradientReport.Join([.. cases.Select(item =>
        {
            var report = item.Check();
            Take(report);
            return report;
        })]);
    }

    /// <summary>Reads and checks all files before anything is computed; says in one line what is wrong.</summary>
    private bool TryRead(string folder, out IReadOnlyList<PyTorchCase> cases)
    {
        cases = [];
        try
        {
            var path = Path.Combine(host.WorkingDirectory, folder);
            cases = [.. PyTorchCaseReader.ReadFolder(path).Where(item => settings.Cells.Contains(CellOf(item)))];
            foreach (var item in cases)
            {
                item.ThrowIfInvalid();
            }

            if (cases.Count == 0)
            {
                throw new InvalidDataException($"{path}: expected at least one case of {string.Join(", ", settings.Cells)}, found none.");
            }

            return true;
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            host.Error.WriteLine("--cases: " + problem.Message.ReplaceLineEndings(" "));
            return false;
        }
    }

    private static string CellOf(PyTorchCase item) => item.Module switch
    {
        "LSTM" => "lstm",
        "GRU" => "gru",
        _ => "vanilla",
    };

    private static string Summary(GradientReport report, TimeSpan elapsed)
    {
        var failed = report.Failures.Count();
        var verdict = report.Passed ? "all passed" : string.Create(CultureInfo.InvariantCulture, $"{failed:#,0} failed");
        return string.Create(CultureInfo.InvariantCulture, $"{report.Checks.Count:#,0} checks in {elapsed.TotalSeconds:0.0} s: {verdict}.");
    }
}

/// <summary>How far a verification is, on standard error: one line that changes on a terminal, else one line per net.</summary>
internal sealed class VerifyProgress(CliHost host) : IDisposable
{
    private (string Cell, string Net) _net;
    private int _checks;
    private int _failed;

    public void Add(GradientReport report)
    {
        var net = (report.Checks[0].Cell, report.Checks[0].Net);
        if (net != _net && !host.ErrorIsTerminal)
        {
            EndLine();
        }

        _net = net;
        _checks += report.Checks.Count;
        _failed += report.Failures.Count();
        if (host.ErrorIsTerminal)
        {
            var width = host.Width - 1;
            var line = Line();
            host.Error.Write("\r" + (line.Length > width ? line[..width] : line.PadRight(width)));
            host.Error.Flush();
        }
    }

    public void Dispose() => EndLine();

    private void EndLine()
    {
        if (_checks == 0)
        {
            return;
        }

        // What a terminal shows is wiped, for the table says the same.
        host.Error.Write(host.ErrorIsTerminal ? "\r" + new string(' ', host.Width - 1) + "\r" : Line() + Environment.NewLine);
        host.Error.Flush();
    }

    private string Line() => string.Create(CultureInfo.InvariantCulture,
        $"{_net.Cell} ({_net.Net}): {_checks:#,0} checks so far, {_failed:#,0} failed");
}
