using RnnZoo.Gradients;

namespace RnnZoo.Cli.Commands;

/// <summary>What was measured in one layer and direction.</summary>
/// <param name="Layer">From 0.</param>
/// <param name="Direction">0 forwards, 1 backwards.</param>
/// <param name="Measured">The exponents.</param>
/// <param name="Law">What the recurrent matrix of a vanilla net says; null for others.</param>
internal sealed record LyapunovResult(int Layer, int Direction, LyapunovExponents Measured, PowerLaw? Law)
{
    public string Name => $"layer {Layer}" + (Direction == 1 ? " backwards" : "");
}
