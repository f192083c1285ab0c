using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A JANET of L layers, an LSTM of the forget gate alone, used as nn.GRU is. Equations and parameters in
/// <see cref="JanetCell"/>; keys as nn.GRU's, with two blocks in each: <c>weight_ih_l0</c> [2H, I].
/// </summary>
public sealed class Janet : HiddenStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="JanetCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="beta">β of every layer: how much more than what is forgotten is let in.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or β is not finite.</exception>
    public Janet(long inputSize, long hiddenSize, long numLayers = 1, double beta = JanetCell.DefaultBeta, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), beta, bias, device, dtype)
    {
    }

    private Janet(RecurrentLayout layout, double beta, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(Janet), layout, [.. layout.Positions().Select(at => new JanetCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, beta, bias, device, dtype))]) =>
        Beta = beta;

    /// <summary>β.</summary>
    public double Beta { get; }

    /// <inheritdoc/>
    public override Janet Clone() => Copied((layout, bias) => new Janet(layout, Beta, bias, null, null));
}
