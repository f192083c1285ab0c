using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// An sLSTM of L layers, the recurrent half of xLSTM, used as nn.LSTM is. Equations and parameters in <see cref="SlstmCell"/>.
/// </summary>
/// <remarks>
/// The state's second part is c, n and m joined [L·D, B, 3H]. Keys as nn.LSTM's; <c>weight_hh_l0</c> is [4H, H / heads]. Of the
/// xLSTM block there is the recurrence alone, without norms, convolution and projections.
/// </remarks>
public sealed class Slstm : CellStateModule
{
    /// <summary>Makes the net; initial values as in <see cref="SlstmCell"/>.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="numLayers">L.</param>
    /// <param name="heads">How many blocks R has; H is a multiple of it.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="batchFirst">Whether input and output are [B, T, ·]; the state is [L·D, B, ·] either way.</param>
    /// <param name="dropout">The probability with which an output of a layer below the last is dropped in training.</param>
    /// <param name="bidirectional">Whether every layer also reads its input backwards.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, dropout is outside [0, 1], or H is no multiple of the heads.</exception>
    public Slstm(long inputSize, long hiddenSize, long numLayers = 1, int heads = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), heads, bias, device, dtype)
    {
    }

    private Slstm(RecurrentLayout layout, int heads, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(Slstm), layout, [.. layout.Positions().Select(at =>
            new SlstmCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, heads, bias, layout.NumLayers > 1 ? at.Layer / (layout.NumLayers - 1.0) : 0, device, dtype))]) =>
        Heads = heads;

    /// <summary>How many blocks R has.</summary>
    public int Heads { get; }

    /// <inheritdoc/>
    public override Slstm Clone() => Copied((layout, bias) => new Slstm(layout, Heads, bias, null, null));
}
