namespace RnnZoo.Cli;

/// <summary>Everything of the outside world that a command may touch, so that tests can stand in for it.</summary>
/// <param name="Output">Standard output: results, and nothing else.</param>
/// <param name="Error">Standard error: progress and errors.</param>
internal sealed record CliHost(TextWriter Output, TextWriter Error)
{
    /// <summary>Whether someone watches standard output.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether charts on standard output are coloured.</summary>
    public bool OutputHasColours { get; init; }

    /// <summary>Whether someone watches standard error.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>How many characters a line of the terminal has.</summary>
    public int Width { get; init; } = 100;

    /// <summary>Where relative paths start.</summary>
    public string WorkingDirectory { get; init; } = Environment.CurrentDirectory;

    /// <summary>What time it is.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Prints the results of a run: for programs one document and nothing else on standard output, for people all of it there.</summary>
    /// <param name="json">Whether they are for programs.</param>
    /// <param name="document">The document.</param>
    /// <param name="showPeople">Writes what people see in its place.</param>
    /// <param name="remark">What is said last.</param>
    public void Print(bool json, Func<string> document, Action showPeople, string remark)
    {
        if (json)
        {
            Output.Write(document());
        }
        else
        {
            showPeople();
        }

        (json ? Error : Output).WriteLine(remark);
    }
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
