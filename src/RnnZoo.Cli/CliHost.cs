namespace RnnZoo.Cli;

/// <summary>Everything of the outside world that a command may touch, so that tests can stand in for it.</summary>
/// <param name="Output">Standard output: results, and nothing else.</param>
/// <param name="Error">Standard error: progress and errors.</param>
internal sealed record CliHost(TextWriter Output, TextWriter Error)
{
    /// <summary>Whether someone watches standard output.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether someone watches standard error.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>How many characters a line of the terminal has.</summary>
    public int Width { get; init; } = 100;

    /// <summary>Where relative paths start.</summary>
    public string WorkingDirectory { get; init; } = Environment.CurrentDirectory;

    /// <summary>What time it is.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What a command tells the shell.</summary>
internal static class ExitCodes
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>The run failed.</summary>
    public const int Failure = 1;

    /// <summary>The command was used wrongly; nothing was run.</summary>
    public const int Usage = 2;

    /// <summary>The user ended the run (Ctrl-C, or a request to terminate); what was done so far is written.</summary>
    public const int Interrupted = 130;
}
