namespace RnnZoo.Notebooks;

/// <summary>What a cell showed when it ran.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Outputs">In order.</param>
/// <param name="Changes">In which ways they differ from those saved; empty for a cell that is not compared.</param>
public sealed record CellResult(NotebookCell Cell, IReadOnlyList<CellOutput> Outputs, IReadOnlyList<string> Changes);
