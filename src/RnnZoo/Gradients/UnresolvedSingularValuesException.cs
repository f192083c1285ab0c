using System.Globalization;

namespace RnnZoo.Gradients;

/// <summary>Singular values of a product are so sensitive to rounding that they cannot be told, in about 32 digits.</summary>
public sealed class UnresolvedSingularValuesException : ArithmeticException
{
    internal UnresolvedSingularValuesException(IReadOnlyList<double> resolved, int wanted, double tolerance)
        : base(string.Create(CultureInfo.InvariantCulture,
            $"singular values: expected {wanted} whose logarithms are known to {tolerance:0.#e+0}, got {resolved.Count}; the rest are lost in rounding. Ask for the largest {resolved.Count}, for a shorter span, or for less precision.")) =>
        Resolved = resolved;

    /// <summary>ln σ_i of those that could be told, largest first; they are the largest ones.</summary>
    public IReadOnlyList<double> Resolved { get; }
}
