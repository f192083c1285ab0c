namespace RnnZoo.Gradients;

/// <summary>The finite-time exponents after some of the steps.</summary>
/// <param name="Steps">How many steps were measured so far, warm-up not counted.</param>
/// <param name="Exponents">In nats per step, in the order of the directions.</param>
public sealed record LyapunovPoint(long Steps, IReadOnlyList<double> Exponents);
