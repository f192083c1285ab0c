namespace RnnZoo.Streams;

/// <summary>A place where a document starts.</summary>
/// <param name="Step">The step whose input is the document's first.</param>
/// <param name="Stream">The row of the batch.</param>
public readonly record struct DocumentStart(long Step, int Stream);
