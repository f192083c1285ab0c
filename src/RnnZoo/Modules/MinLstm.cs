using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A minLSTM of L layers, used as nn.GRU is, for its state is h alone. Equations and parameters in <see cref="MinLstmCell"/>; each
/// key has the layer and direction appended as nn.GRU's: <c>weight_ih_l0_reverse</c>.
/// </summary>
public sealed class MinLstm : HiddenStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="MinLstmCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, H] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="normalise">Whether both gates are divided by their sum.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or dropout is outside [0, 1].</exception>
    public MinLstm(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, bool normalise = true, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, normalise, device, dtype)
    {
    }

    private MinLstm(RecurrentLayout layout, bool bias, bool normalise, Device? device, ScalarType? dtype)
        : base(nameof(MinLstm), layout, [.. layout.Positions().Select(at =>
            new MinLstmCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, bias, normalise, device, dtype))]) =>
        Normalise = normalise;

    /// <summary>Whether both gates are divided by their sum.</summary>
    public bool Normalise { get; }

    /// <inheritdoc/>
    public override MinLstm Clone() => Copied((layout, bias) => new MinLstm(layout, bias, Normalise, null, null));
}
