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
