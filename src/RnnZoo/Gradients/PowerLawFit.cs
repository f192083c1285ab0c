namespace RnnZoo.Gradients;

/// <summary>ln ‖·‖ ≈ Intercept + Rate · distance.</summary>
/// <param name="Rate">In nats per step; e^Rate is the base of the power law, w.</param>
/// <param name="Intercept">ln of the norm at distance 0.</param>
/// <param name="LargestResidual">How far the worst point is from the line.</param>
public sealed record PowerLawFit(double Rate, double Intercept, double LargestResidual);
