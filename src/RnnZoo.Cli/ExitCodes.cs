namespace RnnZoo.Cli;

/// <summary>What a command tells the shell.</summary>
public static class ExitCodes
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
