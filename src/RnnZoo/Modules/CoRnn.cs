using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A coupled oscillatory RNN (coRNN), used as nn.LSTM is: y, the output, takes the place of h, and z that of c. Equations and
/// the authors' values of the options in <see cref="CoRnnCell"/>.
/// </summary>
/// <remarks>
/// Keys: <c>weight_ih_l0</c> [H, I], <c>weight_hh_l0</c> [H, H], <c>weight_zh_l0</c> [H, H], <c>bias_ih_l0</c> [H], and so on as in
/// nn.LSTM.
/// </remarks>
public sealed class CoRnn : CellStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="CoRnnCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="timeStep">Δt, above 0.</param>
    /// <param name="gamma">γ, the square of the oscillators' frequency, 0 or more.</param>
    /// <param name="epsilon">ε, their damping, 0 or more.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the states are [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or Δt, γ or ε is outside its range.</exception>
    public CoRnn(long inputSize, long hiddenSize, long numLayers = 1, double timeStep = CoRnnCell.DefaultTimeStep, double gamma = CoRnnCell.DefaultGamma, double epsilon = CoRnnCell.DefaultEpsilon, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), (timeStep, gamma, epsilon), bias, device, dtype)
    {
    }

    private CoRnn(RecurrentLayout layout, (double TimeStep, double Gamma, double Epsilon) oscillator, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(CoRnn), layout, [.. layout.Positions().Select(at =>
            new CoRnnCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, oscillator.TimeStep, oscillator.Gamma, oscillator.Epsilon, bias, device, dtype))]) =>
        (TimeStep, Gamma, Epsilon) = oscillator;

    /// <summary>Δt.</summary>
    public double TimeStep { get; }

    /// <summary>γ.</summary>
    public double Gamma { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override CoRnn Clone() => Copied((layout, bias) => new CoRnn(layout, (TimeStep, Gamma, Epsilon), bias, null, null));
}
