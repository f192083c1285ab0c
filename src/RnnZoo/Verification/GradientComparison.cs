namespace RnnZoo.Verification;

/// <summary>How far one tensor of one way through a recurrence is from the same tensor of another.</summary>
public sealed record GradientComparison
{
    /// <summary>The net's name (<c>lstm</c>), or the type name of a user's own cell.</summary>
    public required string Cell { get; init; }

    /// <summary>What else tells this net from others of its cell: activation, layers, directions, bias, or the case file.</summary>
    public required string Net { get; init; }

    /// <summary>The path that is checked: <c>handwritten</c>, <c>autograd</c> or <c>native</c>.</summary>
    public required string Path { get; init; }

    /// <summary>What it is checked against: <c>autograd</c>, <c>native</c>, <c>finite-differences</c> or <c>pytorch</c>.</summary>
    public required string Against { get; init; }

    /// <summary><c>float32</c> or <c>float64</c>.</summary>
    public required string DType { get; init; }

    /// <summary>An output (<c>output</c>, <c>hn</c>, <c>cn</c>), or what the gradient is of: <c>input</c>, <c>h0</c>, <c>c0</c> or a parameter's key.</summary>
    public required string Tensor { get; init; }

    /// <summary>max |a - b|; NaN or infinite if anything in either is.</summary>
    public required double MaxAbsolute { get; init; }

    /// <summary>max |a - b| / max |b| over the tensor; the absolute error where b is zero throughout.</summary>
    public required double MaxRelative { get; init; }

    /// <summary>Where the largest difference sits; the first NaN if there is one.</summary>
    public required IReadOnlyList<long> Index { get; init; }

    /// <summary>Whether the tensors agree within the tolerance of this comparison.</summary>
    public required bool Passed { get; init; }
}
