using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// Real-gated linear recurrent units (RG-LRU, Griffin's recurrence) in L layers, used as nn.GRU is. Equations and parameters in
/// <see cref="RgLruCell"/>; each key has the layer and direction appended as nn.GRU's: <c>weight_lambda_l0_reverse</c>.
/// </summary>
/// <remarks>Of Griffin's block there is the recurrence alone, without norms, convolution and branches.</remarks>
public sealed class RgLru : HiddenStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="RgLruCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or dropout is outside [0, 1].</exception>
    public RgLru(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private RgLru(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(RgLru), layout, [.. layout.Positions().Select(at =>
            new RgLruCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, bias, device, dtype))])
    {
    }

    /// <inheritdoc/>
    public override RgLru Clone() => Copied((layout, bias) => new RgLru(layout, bias, null, null));
}
