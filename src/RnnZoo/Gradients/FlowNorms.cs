namespace RnnZoo.Gradients;

/// <summary>
/// How large a gradient still is after each number of steps back through time, as a share of what it was at the last step.
/// Entry j belongs to the distance j + 1. NaN where it is zero, not finite, or too small for float64 (below 1e-300).
/// </summary>
/// <param name="Mean">The geometric mean over the sequences: exp of the mean of the logarithms.</param>
/// <param name="Lowest">The smallest of the sequences.</param>
/// <param name="Highest">The largest of the sequences.</param>
public sealed record FlowNorms(IReadOnlyList<double> Mean, IReadOnlyList<double> Lowest, IReadOnlyList<double> Highest);
