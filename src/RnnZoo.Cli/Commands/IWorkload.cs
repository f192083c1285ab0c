namespace RnnZoo.Cli.Commands;

/// <summary>A training step that can be taken again and again.</summary>
internal interface IWorkload : IDisposable
{
    /// <summary>Takes one step.</summary>
    void Step();
}
