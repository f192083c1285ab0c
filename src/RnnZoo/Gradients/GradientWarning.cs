using System.Globalization;

namespace RnnZoo.Gradients;

/// <summary>A warning of a <see cref="GradientMonitor"/>: something began that was not so at the measurement before.</summary>
/// <param name="Step">The training step.</param>
/// <param name="Kind">What began.</param>
/// <param name="Layer">0 is the layer that reads the input.</param>
/// <param name="Direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="TimeStep">
/// Exploding: the time step at which the growth starts, on the way back. Vanishing: after how many steps back less than the
/// fraction is left.
/// </param>
/// <param name="Factor">Exploding: the factor of the growth (NaN if the gradient is not finite). Vanishing: the fraction.</param>
public sealed record GradientWarning(long Step, GradientSignalKind Kind, int Layer, int Direction, int TimeStep, double Factor)
{
    /// <summary>The warning as one line of text.</summary>
    public override string ToString()
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"step {Step}, layer {Layer}{(Direction == 1 ? " (reverse)" : "")}");
        return Kind switch
        {
            GradientSignalKind.Exploding when !double.IsFinite(Factor) => string.Create(CultureInfo.InvariantCulture, $"{where}: the gradient is not finite from t = {TimeStep} backwards"),
            GradientSignalKind.Exploding => string.Create(CultureInfo.InvariantCulture, $"{where}: the gradient grows by a factor of {Factor:G3} on its way back, from t = {TimeStep} on"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{where}: after {TimeStep} steps back less than {Factor:G3} of the gradient is left"),
        };
    }
}
