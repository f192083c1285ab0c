using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A long expressive memory (LEM), used as nn.LSTM is: y, the output, takes the place of h, and z that of c. Equations and the
/// authors' values of the option in <see cref="LemCell"/>.
/// </summary>
/// <remarks>
/// Keys: <c>weight_ih_l0</c> [4H, I], <c>weight_hh_l0</c> [3H, H], <c>weight_zh_l0</c> [H, H], <c>bias_ih_l0</c> [4H],
/// <c>bias_hh_l0</c> [3H], <c>bias_zh_l0</c> [H], and so on as in nn.LSTM.
/// </remarks>
public sealed class Lem : CellStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="LemCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="timeStep">Δt, above 0.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the states are [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or Δt is not a number above 0.</exception>
    public Lem(long inputSize, long hiddenSize, long numLayers = 1, double timeStep = LemCell.DefaultTimeStep, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), timeStep, bias, device, dtype)
    {
    }

    private Lem(RecurrentLayout layout, double timeStep, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(Lem), layout, [.. layout.Positions().Select(at => new LemCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, timeStep, bias, device, dtype))]) =>
        TimeStep = timeStep;

    /// <summary>Δt.</summary>
    public double TimeStep { get; }

    /// <inheritdoc/>
    public override Lem Clone() => Copied((layout, bias) => new Lem(layout, TimeStep, bias, null, null));
}
