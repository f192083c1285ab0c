using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// An independently recurrent net (IndRNN) of L layers, whose units see only themselves over time and each other from layer
/// to layer; so give it two layers or more. Equations in <see cref="IndRnnCell"/>.
/// </summary>
/// <remarks>
/// Keys: <c>weight_ih_l0</c> [H, I], <c>weight_hh_l0</c> [H], <c>bias_ih_l0</c> [H], and so on as in nn.RNN. libtorch has no
/// such module.
/// </remarks>
public sealed class IndRnn : HiddenStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="IndRnnCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="recurrentBound">The largest |u| of every layer, as 2^(1/T) for sequences of T steps; null for none.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or the bound is not a number above 0.</exception>
    public IndRnn(long inputSize, long hiddenSize, long numLayers = 1, double? recurrentBound = null, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), recurrentBound, bias, device, dtype)
    {
    }

    private IndRnn(RecurrentLayout layout, double? recurrentBound, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(IndRnn), layout, [.. layout.Positions().Select(at => new IndRnnCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, recurrentBound, bias, device, dtype))]) =>
        RecurrentBound = recurrentBound;

    /// <summary>The largest |u|, or null.</summary>
    public double? RecurrentBound { get; }

    /// <inheritdoc/>
    public override IndRnn Clone() => Copied((layout, bias) => new IndRnn(layout, RecurrentBound, bias, null, null));
}
