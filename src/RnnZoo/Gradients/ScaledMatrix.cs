using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>A matrix that may be too large or too small for its element type: e^LogScale times <paramref name="Matrix"/>.</summary>
/// <param name="Matrix">[S, S], float64; belongs to the dispose scope of whoever asked for it.</param>
/// <param name="LogScale">The natural logarithm of the factor.</param>
public sealed record ScaledMatrix(Tensor Matrix, double LogScale);
