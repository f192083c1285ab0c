namespace RnnZoo.Notebooks;

/// <summary>A notebook cannot be read, breaks a rule, or has a cell that fails.</summary>
public sealed class NotebookException : Exception
{
    public NotebookException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
