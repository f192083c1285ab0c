using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// An LSTM with layer normalisation, used as nn.LSTM is. Equations and parameters in <see cref="LayerNormLstmCell"/>; each
/// key has the layer and direction appended as nn.LSTM's: <c>weight_ln_ih_l0_reverse</c>.
/// </summary>
public sealed class LayerNormLstm : CellStateModule
{
    /// <inheritdoc cref="Lstm.Lstm(long, long, long, bool, bool, double, bool, Device?, ScalarType?)"/>
    public LayerNormLstm(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private LayerNormLstm(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(LayerNormLstm), layout, [.. layout.Positions().Select(at =>
            new LayerNormLstmCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, bias, device, dtype))])
    {
    }

    /// <inheritdoc/>
    public override LayerNormLstm Clone() => Copied((layout, bias) => new LayerNormLstm(layout, bias, null, null));
}
