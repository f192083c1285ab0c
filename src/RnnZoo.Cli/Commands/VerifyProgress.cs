using System.Globalization;
using RnnZoo.Verification;

namespace RnnZoo.Cli.Commands;

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
