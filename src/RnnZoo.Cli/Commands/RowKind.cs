namespace RnnZoo.Cli.Commands;

/// <summary>What the process of a row does.</summary>
internal enum RowKind
{
    /// <summary>Memory, time and gradient of backpropagation in chunks of k, or of all at once.</summary>
    Chunks,

    /// <summary>Memory, time and gradient of exact backpropagation in segments that are run twice.</summary>
    Exact,

    /// <summary>Recall after training in chunks of k.</summary>
    Train,
}
