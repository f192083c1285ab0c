namespace RnnZoo.Cli.Report;

/// <summary>
/// One line on standard error that says how far a run is: on a terminal it changes in place and is wiped at the end, for the
/// results say the same; in files and pipes each text gets a line of its own.
/// </summary>
internal sealed class StatusLine(CliHost host) : IDisposable
{
    private bool _isShown;

    public void Show(string text)
    {
        var width = host.Width - 1;
        host.Error.Write(host.ErrorIsTerminal ? "\r" + (text.Length > width ? text[..width] : text.PadRight(width)) : text + Environment.NewLine);
        host.Error.Flush();
        _isShown = true;
    }

    public void Dispose()
    {
        if (host.ErrorIsTerminal && _isShown)
        {
            host.Error.Write("\r" + new string(' ', host.Width - 1) + "\r");
        }
    }
}
