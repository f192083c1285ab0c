namespace RnnZoo.Gradients;

/// <summary>What a <see cref="GradientMonitor"/> warns of.</summary>
public enum GradientSignalKind
{
    /// <summary>The gradient grows too much on its way back, or is NaN or infinite.</summary>
    Exploding,

    /// <summary>Too little of the gradient is left before the first step of the walk.</summary>
    Vanishing,
}
