namespace RnnZoo.Modules;

/// <summary>A module that may have a hand-written path.</summary>
internal interface IHandWritten
{
    /// <summary>The path, or null.</summary>
    HandWrittenRecurrence? HandWritten { get; }
}
