namespace RnnZoo.Cli.Commands;

/// <summary>All that was measured.</summary>
/// <param name="Settings">What was asked for.</param>
/// <param name="Rows">A row for each k.</param>
/// <param name="Exact">Exact backpropagation in segments that are run twice.</param>
internal sealed record TbpttResult(TbpttSettings Settings, IReadOnlyList<TbpttRow> Rows, TbpttRow Exact)
{
    /// <summary>The row of full backpropagation; null if it was not asked for.</summary>
    public TbpttRow? Full => Rows.FirstOrDefault(row => row.Chunk == TbpttSettings.Full);
}
